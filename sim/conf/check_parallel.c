#include "conf/check_parallel.h"

#include "conf/blame.h"
#include <math.h>
#include <string.h>

/* Where the device was named: a list points at its member. */
static const char *device_path(const struct reader *reader, const struct node *root,
                               const char *name)
{
    const char *base = schema_has(root, "hardware.device") ? "hardware.device" : "hardware";
    const struct node *list = schema_node(root, base);
    for (int i = 0; list && list->kind == NODE_SEQUENCE && i < list->count; i++) {
        const char *path = arena_printf(reader->arena, "%s.%d", base, i);
        const struct node *node = schema_node(root, path);
        if (node->kind == NODE_SCALAR && strcmp(node->text, name) == 0)
            return path;
    }
    return base;
}

static void check_count(const struct reader *reader, const struct node *root, const struct run *run)
{
    const struct deploy *d = &run->deploy;
    int64_t needed = d->tp * d->pp * d->dp;
    if (needed == run->device_count)
        return;
    const char *const *keys = BLAME_KEYS("deploy.tp", "deploy.dp", "deploy.pp", "hardware.count");
    if (d->pp == 1 && d->dp == 1)
        blame_add(reader, root, keys, "tp %lld does not use the %lld devices", (long long)d->tp,
                  (long long)run->device_count);
    else
        blame_add(reader, root, keys,
                  "tp %lld x pp %lld x dp %lld = %lld does not use the %lld devices",
                  (long long)d->tp, (long long)d->pp, (long long)d->dp, (long long)needed,
                  (long long)run->device_count);
    diag_hint(reader->diags,
              "tp x pp x dp must equal hardware.count; leave tp or hardware.count out");
}

static void check_heads(const struct reader *reader, const struct node *root, const struct run *run)
{
    int64_t heads = run->model->attention.heads;
    int64_t tp = run->deploy.tp;
    const char *const *keys =
        BLAME_KEYS("deploy.tp", "hardware.count", "model.attention.heads", "model");
    if (heads % tp == 0)
        return;
    if (tp > heads) {
        blame_add(reader, root, keys, "tp %lld is more than the %lld attention heads of %s",
                  (long long)tp, (long long)heads, run->model->id);
        diag_hint(reader->diags, "use more pipeline stages (pp) or data-parallel copies (dp)");
        return;
    }
    blame_add(reader, root, keys, "%lld attention heads of %s can't be split over tp %lld",
              (long long)heads, run->model->id, (long long)tp);
    diag_hint(reader->diags, "tp and hardware.count must divide the number of heads");
}

static void check_stages(const struct reader *reader, const struct node *root,
                         const struct run *run)
{
    if (run->deploy.pp <= run->model->layers)
        return;
    blame_add(reader, root, BLAME_KEYS("deploy.pp", "model.layers", "model"),
              "pp %lld is more than the %lld layers of %s", (long long)run->deploy.pp,
              (long long)run->model->layers, run->model->id);
    diag_hint(reader->diags, "a stage holds at least one layer");
}

/* Hint for experts that can't be dealt out: what could be written. */
static void check_groups(const struct reader *reader, const struct node *root,
                         const struct run *run)
{
    const struct deploy *d = &run->deploy;
    int64_t experts = run->model->ffn.moe.experts;
    int64_t devices = d->tp * d->dp;
    const char *const *experts_keys = BLAME_KEYS("deploy.ep", "model.ffn.moe.experts", "model");
    if (d->ep > 1 && experts == 0) {
        blame_add(reader, root, experts_keys, "%s has no experts to deal out to ep %lld",
                  run->model->id, (long long)d->ep);
        diag_hint(reader->diags, "leave ep out for dense models");
    } else if (d->ep > experts && d->ep > 1) {
        blame_add(reader, root, experts_keys, "ep %lld is more than the %lld experts of %s",
                  (long long)d->ep, (long long)experts, run->model->id);
        diag_hint(reader->diags, "a group holds at least one expert");
    } else if (d->ep > 1 && devices % d->ep != 0) {
        blame_add(reader, root, BLAME_KEYS("deploy.ep", "deploy.tp", "deploy.dp", "hardware.count"),
                  "ep %lld does not divide tp %lld x dp %lld", (long long)d->ep, (long long)d->tp,
                  (long long)d->dp);
        diag_hint(reader->diags, "vLLM's --enable-expert-parallel is ep = tp x dp: %lld",
                  (long long)devices);
    }
}

static void check_exchange(const struct reader *reader, const struct node *root,
                           const struct run *run)
{
    const struct deploy *d = &run->deploy;
    if (run->model->ffn.moe.experts == 0)
        return;
    if (d->dp > 1 && d->exchange != EXCHANGE_GATHER && d->ep != d->tp * d->dp) {
        blame_add(
            reader, root,
            BLAME_KEYS("deploy.exchange", "deploy.ep", "deploy.dp", "deploy.tp", "hardware.count"),
            "exchange %s sends tokens to whole experts, but ep "
            "is %lld",
            exchange_names[d->exchange], (long long)d->ep);
        diag_hint(reader->diags, "write ep: %lld, or exchange: gather", (long long)(d->tp * d->dp));
    }
    if (d->redundant_experts > 0 && d->placement != EXPERTS_BALANCED) {
        blame_add(reader, root, BLAME_KEYS("deploy.redundant_experts", "deploy.placement"),
                  "replicas are placed by eplb only");
        diag_hint(reader->diags, "write placement: eplb");
    } else if (d->redundant_experts > 0 && d->ep == 1) {
        blame_add(reader, root, BLAME_KEYS("deploy.redundant_experts", "deploy.ep"),
                  "replicas need ep above 1");
        diag_hint(reader->diags, "vLLM's --enable-expert-parallel is ep = tp x dp: %lld",
                  (long long)(d->tp * d->dp));
    } else if (d->placement == EXPERTS_BALANCED &&
               (run->model->ffn.moe.experts + d->redundant_experts) % d->ep != 0) {
        blame_add(
            reader, root,
            BLAME_KEYS("deploy.placement", "deploy.redundant_experts", "deploy.ep",
                       "model.ffn.moe.experts", "model"),
            "eplb gives every group as many experts, but %lld + %lld can't be dealt out to ep "
            "%lld",
            (long long)run->model->ffn.moe.experts, (long long)d->redundant_experts,
            (long long)d->ep);
        int64_t missing = d->ep - run->model->ffn.moe.experts % d->ep;
        diag_hint(reader->diags, "write for example: redundant_experts: %lld", (long long)missing);
    }
}

static void check_links(const struct reader *reader, const struct node *root, const struct run *run)
{
    struct fabric fabric = run_fabric(run);
    bool has_network = fabric.network_byte_per_s > 0.0;
    bool is_linked = has_network || ((double)run->device_count <= fabric.node_devices &&
                                     fabric.node_byte_per_s > 0.0);
    if (run->device_count < 2 || is_linked)
        return;
    const char *const *keys =
        BLAME_KEYS(device_path(reader, root, run->device->id), "hardware.count", "deploy.pp",
                   "deploy.dp", "deploy.tp", "hardware.per_node", "device.datasheet.links");
    if (fabric.node_byte_per_s > 0.0) {
        blame_add(reader, root, keys,
                  "%lld devices are more than the %g of a node, and %s has no link to other nodes",
                  (long long)run->device_count, fabric.node_devices, run->device->id);
        diag_hint(reader->diags,
                  "say how nodes are joined: hardware: {device: %s, count: %lld, "
                  "network: 50 GB/s}",
                  run->device->id, (long long)run->device_count);
        return;
    }
    if (run->deploy.pp == 1 && run->deploy.dp == 1)
        blame_add(reader, root, keys, "%s has no link to others of its kind, so tp %lld can't run",
                  run->device->id, (long long)run->deploy.tp);
    else
        blame_add(reader, root, keys,
                  "%s has no link to others of its kind, so %lld devices can't work together",
                  run->device->id, (long long)run->device_count);
    diag_hint(reader->diags, "use one device, or add a link of scope node to its file");
}

/* Nodes are alike: devices fill whole ones. */
static void check_nodes(const struct reader *reader, const struct node *root, const struct run *run)
{
    int64_t per_node = run->node_devices;
    if (per_node == 0 || run->device_count <= per_node || run->device_count % per_node == 0)
        return;
    blame_add(reader, root, BLAME_KEYS("hardware.per_node", "hardware.count"),
              "%lld devices don't fill nodes of %lld", (long long)run->device_count,
              (long long)per_node);
    diag_hint(reader->diags, "per_node must divide hardware.count");
}

static void check_wafers(const struct reader *reader, const struct node *root,
                         const struct run *run)
{
    if (run->deploy.pp * run->deploy.dp * run->deploy.ep == 1)
        return;
    blame_add(reader, root, BLAME_KEYS("deploy.pp", "deploy.dp", "deploy.ep", "hardware.device"),
              "%s is split by layers only", run->device->id);
    diag_hint(reader->diags, "leave deploy out: hardware.count wafers share the layers");
}

void check_parallel(const struct reader *reader, const struct node *root, const struct run *run)
{
    struct run resolved = *run;
    resolved.deploy = deploy_resolved(&run->deploy);
    if (run->device->kind == DEVICE_WAFER) {
        check_wafers(reader, root, &resolved);
        return;
    }
    check_count(reader, root, &resolved);
    check_heads(reader, root, &resolved);
    check_stages(reader, root, &resolved);
    check_groups(reader, root, &resolved);
    check_exchange(reader, root, &resolved);
    check_links(reader, root, &resolved);
    check_nodes(reader, root, &resolved);
}

void check_routing(const struct reader *reader, const struct node *root, const struct run *run)
{
    const struct routing *routing = &run->routing;
    int64_t experts = run->model->ffn.moe.experts;
    int64_t layers = model_moe_layers(run->model);
    const char *const *keys =
        BLAME_KEYS(routing->file ? "routing.file" : "routing.popularity", "routing.kind",
                   "model.ffn.moe.experts", "model.layers", "model");
    if (routing->kind != ROUTING_HISTOGRAM || experts == 0)
        return;
    if (routing->popularity_count != experts) {
        blame_add(reader, root, keys, "%d weights for the %lld experts of %s",
                  routing->popularity_count, (long long)experts, run->model->id);
        diag_hint(reader->diags, "give one weight per expert, %lld in all", (long long)experts);
    }
    if (routing->layer_count > 1 && routing->layer_count != layers) {
        blame_add(reader, root, keys, "%d lines of weights for the %lld MoE layers of %s",
                  routing->layer_count, (long long)layers, run->model->id);
        diag_hint(reader->diags, "give a line per MoE layer, or one line for all");
    }
}
