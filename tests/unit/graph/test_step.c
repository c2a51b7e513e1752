/* Operators of a step against arithmetic done on paper. */
#include "graph/step.h"

#include "check.h"
#include "fixtures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A step with what it was built from. */
struct built {
    struct arena arena;
    struct run run;
    struct layout layout;
    struct router router;
    struct step step;
};

static void build(struct built *built, const char *model, struct batch_part part, int64_t tp,
                  enum mla_mode mla)
{
    arena_init(&built->arena);
    built->run = fixture_run(&built->arena, model, "h100-sxm", 1, 1024, 128);
    built->run.deploy.tp = tp;
    built->run.device_count = tp;
    built->run.engine.mla = mla;
    layout_init(&built->layout, built->run.model);
    built->router = router_new(&built->arena, &built->run.routing, &built->run.model->ffn.moe);
    struct batch batch = {&part, 1};
    step_build(&built->run, &built->layout, &built->router, &batch, &built->step);
}

static const struct op *find(const struct built *built, enum op_kind kind)
{
    for (int i = 0; i < built->step.op_count; i++)
        if (built->step.ops[i].kind == kind)
            return &built->step.ops[i];
    return NULL;
}

/*
 * Llama-3.1-8B, one request decoding at context 1024 (past 1023), bf16. Per layer:
 *   QKV   2·1·4096·(32+16)·128 = 50,331,648 FLOP; weights 4096·6144·2 = 50,331,648 B
 *   core  4·32·128·1024 = 16,777,216 FLOP; KV 2·8·128·1024·2 = 4,194,304 B; Q and O 2·4096·2 =
 * 16,384 B MLP   2·4096·28672 = 234,881,024 FLOP gate/up; weights 234,881,024 B; down half of both
 *   head  2·4096·128256 = 1,050,673,152 FLOP
 */
static void llama_decode_by_hand(void)
{
    struct built built;
    build(&built, "llama-3.1-8b", (struct batch_part){1, 1, 1023, 1}, 1, MLA_AUTO);
    check_close("qkv flops", find(&built, OP_QKV)->flops, 50331648.0, 0.0);
    check_close("qkv weights", find(&built, OP_QKV)->weight_bytes, 50331648.0, 0.0);
    const struct op *core = find(&built, OP_DECODE_ATTENTION);
    check_close("core flops", core->flops, 16777216.0, 0.0);
    check_close("core kv", core->kv_bytes, 4194304.0, 0.0);
    check_close("core q and o", core->activation_bytes, 16384.0, 0.0);
    check_close("core oi: GQA-4 in bf16 is 4", core->flops / core->kv_bytes, 4.0, 0.0);
    check_close("gate/up flops", find(&built, OP_GATE_UP)->flops, 234881024.0, 0.0);
    check_close("down weights", find(&built, OP_DOWN)->weight_bytes, 117440512.0, 0.0);
    check_close("head flops", find(&built, OP_LM_HEAD)->flops, 1050673152.0, 0.0);
    /* whole step: 2 FLOP per weight used once (7.504 G without the input table and norms),
     * attention on top */
    double weights =
        32.0 * (4096.0 * 6144.0 + 4096.0 * 4096.0 + 3.0 * 4096.0 * 14336.0) + 4096.0 * 128256.0;
    double matrix = 2.0 * weights + 32.0 * 16777216.0;
    check_close("step flops", step_work(&built.step).flops, matrix, 2e-3);
    check_at_least("step bytes", step_work(&built.step).bytes, 2.0 * weights + 32.0 * 4194304.0);
    arena_release(&built.arena);
}

/* Prefill of 512 tokens: causal pairs 512·513/2 = 131,328, counted once: 4·32·128·131,328 FLOP per
 * layer. */
static void llama_prefill_by_hand(void)
{
    struct built built;
    build(&built, "llama-3.1-8b", (struct batch_part){1, 512, 0, 1}, 1, MLA_AUTO);
    check_close("core flops", find(&built, OP_PREFILL_ATTENTION)->flops,
                4.0 * 32.0 * 128.0 * 131328.0, 0.0);
    check_close("head on one row", find(&built, OP_LM_HEAD)->flops, 1050673152.0, 0.0);
    check_true("no decode attention", !find(&built, OP_DECODE_ATTENTION));
    arena_release(&built.arena);
}

/*
 * One DeepSeek-V3 layer, one request decoding at context 4096. Absorbed:
 *   fold q   2·128·128·512 = 16,777,216 FLOP, fold v the same (v_head_dim 128)
 *   core     2·128·(576+512)·4096 = 1,140,850,688 FLOP; latent 4096·576·2 = 4,718,592 B, once for
 * all heads Naive: expand   2·4096·512·128·(128+128) = 137,438,953,472 FLOP core
 * 2·128·(192+128)·4096 = 335,544,320 FLOP
 */
static void mla_layer_both_ways(void)
{
    struct batch_part part = {1, 1, 4095, 1};
    struct built built;
    build(&built, "deepseek-v3", part, 1, MLA_ABSORBED);
    check_close("fold q", find(&built, OP_QUERY_ABSORB)->flops, 16777216.0, 0.0);
    check_close("fold v", find(&built, OP_VALUE_ABSORB)->flops, 16777216.0, 0.0);
    const struct op *core = find(&built, OP_DECODE_ATTENTION);
    check_close("absorbed core", core->flops, 1140850688.0, 0.0);
    check_close("latent bytes", core->kv_bytes, 4718592.0, 0.0);
    check_close("OI 2·128·1088/(576·2) = 241.8 FLOP/B", core->flops / core->kv_bytes, 241.78, 1e-4);
    check_true("nothing is expanded", !find(&built, OP_LATENT_UP));
    arena_release(&built.arena);

    build(&built, "deepseek-v3", part, 1, MLA_NAIVE);
    check_close("expand", find(&built, OP_LATENT_UP)->flops, 137438953472.0, 0.0);
    check_close("naive core", find(&built, OP_DECODE_ATTENTION)->flops, 335544320.0, 0.0);
    check_true("nothing is folded", !find(&built, OP_QUERY_ABSORB));
    arena_release(&built.arena);
}

/* Chunk of c tokens after a long past p: absorbed 2176·pairs + 262,144·c, naive 640·pairs +
   262,144·(p+c) per head, so absorbed needs fewer FLOPs iff c < 171. */
static void mla_crossover_in_flops(void)
{
    for (int64_t chunk = 100; chunk <= 250; chunk += 50) {
        double flops[2] = {0.0, 0.0};
        for (int naive = 0; naive < 2; naive++) {
            struct built built;
            build(&built, "deepseek-v3", (struct batch_part){1, chunk, 1000000, 1}, 1,
                  naive ? MLA_NAIVE : MLA_ABSORBED);
            for (int i = 0; i < built.step.op_count; i++)
                if (built.step.ops[i].variant != VARIANT_ALWAYS && i < built.step.layers[1].first)
                    flops[naive] += built.step.ops[i].flops;
            arena_release(&built.arena);
        }
        char row[32];
        snprintf(row, sizeof row, "chunk %lld", (long long)chunk);
        check_true(row, (flops[0] < flops[1]) == (chunk < 171));
    }
}

/* Mixtral, 8 tokens: 8·(1−(6/8)^8) = 7.199 experts are hit, each 3·4096·14336 weights. */
static void mixtral_experts_by_hand(void)
{
    struct built built;
    build(&built, "mixtral-8x7b", (struct batch_part){8, 1, 511, 1}, 1, MLA_AUTO);
    const struct op *experts = find(&built, OP_ROUTED_EXPERTS);
    double hit = 8.0 * (1.0 - pow(0.75, 8.0));
    check_close("weights", experts->weight_bytes, hit * 3.0 * 4096.0 * 14336.0 * 2.0, 1e-12);
    check_close("flops", experts->flops, 6.0 * 8.0 * 2.0 * 4096.0 * 14336.0, 0.0);
    arena_release(&built.arena);
}

/* Tensor parallelism splits matrices and heads, adds two all-reduces a layer; one way, no
 * communication. */
static void tensor_parallel_splits_work(void)
{
    struct batch_part part = {4, 1, 1023, 1};
    struct built one;
    struct built four;
    build(&one, "mixtral-8x7b", part, 1, MLA_AUTO);
    build(&four, "mixtral-8x7b", part, 4, MLA_AUTO);
    check_close("qkv", find(&four, OP_QKV)->flops, find(&one, OP_QKV)->flops / 4.0, 1e-12);
    check_close("kv read", find(&four, OP_DECODE_ATTENTION)->kv_bytes,
                find(&one, OP_DECODE_ATTENTION)->kv_bytes / 4.0, 1e-12);
    check_close("experts", find(&four, OP_ROUTED_EXPERTS)->weight_bytes,
                find(&one, OP_ROUTED_EXPERTS)->weight_bytes / 4.0, 1e-12);
    check_close("message: 4 tokens x 4096 x 2 B", find(&four, OP_ALL_REDUCE)->message_bytes,
                32768.0, 0.0);
    int reductions = 0;
    for (int i = four.step.layers[0].first;
         i < four.step.layers[0].first + four.step.layers[0].count; i++)
        reductions += four.step.ops[i].kind == OP_ALL_REDUCE;
    check_count("all-reduces per layer", reductions, 2);
    check_true("one way: none", !find(&one, OP_ALL_REDUCE) && !find(&one, OP_LOGITS_GATHER));
    arena_release(&one.arena);
    arena_release(&four.arena);
}

/* Gemma-3-1B: 5 window layers for each full one over 26 layers; window layers read at most 512
 * keys. */
static void patterns_become_layer_kinds(void)
{
    struct built built;
    build(&built, "gemma-3-1b", (struct batch_part){1, 1, 4095, 1}, 1, MLA_AUTO);
    check_count("kinds", built.layout.kind_count, 2);
    check_count("window layers", built.layout.kinds[0].layers, 22);
    check_count("full layers", built.layout.kinds[1].layers, 4);
    const struct op *window = find(&built, OP_DECODE_ATTENTION);
    check_close("window keys", window->shape.columns, 512.0, 0.0);
    arena_release(&built.arena);
    /* DeepSeek-V3: 3 dense layers, then 58 with experts; Maverick: every second layer */
    build(&built, "deepseek-v3", (struct batch_part){1, 1, 100, 1}, 1, MLA_ABSORBED);
    check_count("dense", built.layout.kinds[0].layers, 3);
    check_count("moe", built.layout.kinds[1].layers, 58);
    arena_release(&built.arena);
    build(&built, "llama-4-maverick", (struct batch_part){1, 1, 100, 1}, 1, MLA_AUTO);
    int64_t moe = 0;
    for (int i = 0; i < built.layout.kind_count; i++)
        moe += built.layout.kinds[i].is_moe ? built.layout.kinds[i].layers : 0;
    check_count("maverick MoE layers", moe, 24);
    arena_release(&built.arena);
}

/* Moving a decode step to another context equals building it there. */
static void moving_equals_building(void)
{
    static const char *const models[] = {"llama-3.1-8b", "gemma-2-9b", "deepseek-v3",
                                         "llama-4-scout", "gpt-oss-20b"};
    struct random random = {5};
    for (int i = 0; i < 200; i++) {
        const char *model = models[i % 5];
        struct batch_part there = {random_count(&random, 1, 64), 1, random_count(&random, 1, 20000),
                                   1};
        struct batch_part here = there;
        here.past_tokens = random_count(&random, 1, 20000);
        struct built moved;
        struct built fresh;
        build(&moved, model, here, 1, MLA_AUTO);
        build(&fresh, model, there, 1, MLA_AUTO);
        step_move_decode(&moved.run, &there, &moved.step);
        check_count(model,
                    memcmp(moved.step.ops, fresh.step.ops,
                           sizeof *moved.step.ops * (size_t)fresh.step.op_count),
                    0);
        arena_release(&moved.arena);
        arena_release(&fresh.arena);
    }
}

/* Operators marked as twins do the same work, and what is summed in parts is the sum over all. */
static void twins_are_alike(void)
{
    static const char *const models[] = {"llama-3.1-8b", "gemma-2-9b", "deepseek-v3",
                                         "llama-4-maverick", "gpt-oss-20b"};
    struct random random = {7};
    for (int i = 0; i < 50; i++) {
        struct built built;
        bool is_decode = i % 2 == 0;
        struct batch_part part = {random_count(&random, 1, 64),
                                  is_decode ? 1 : random_count(&random, 2, 4000),
                                  random_count(&random, 0, 20000), 1};
        build(&built, models[i % 5], part, 1 << random_count(&random, 0, 3), MLA_AUTO);
        const struct step *step = &built.step;
        struct step_work sum = {0};
        int twins = 0;
        for (int j = 0; j < step->op_count; j++) {
            struct op other = step->ops[step->ops[j].twin];
            other.twin = step->ops[j].twin;
            if (other.twin == 0)
                continue;
            twins++;
            check_true("its twin comes before it and has none", other.twin < j);
            check_count(models[i % 5], memcmp(&other, &step->ops[j], sizeof other), 0);
        }
        check_at_least("at least the second norm", twins, built.layout.kind_count);
        for (int kind = -2; kind < built.layout.kind_count; kind++) {
            struct op_range range = kind == -2   ? step->entry
                                    : kind == -1 ? step->exit
                                                 : step->layers[kind];
            double times = kind < 0 ? 1.0 : (double)built.layout.kinds[kind].layers;
            for (int j = range.first; j < range.first + range.count; j++) {
                sum.flops += times * step->ops[j].flops;
                sum.bytes += times * op_bytes(&step->ops[j]);
            }
        }
        check_close("flops", step_work(step).flops, sum.flops, 1e-12);
        check_close("bytes", step_work(step).bytes, sum.bytes, 1e-12);
        arena_release(&built.arena);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"Llama-3.1-8B decode by hand",     llama_decode_by_hand},
        {"Llama-3.1-8B prefill by hand",                                 llama_prefill_by_hand},
        {"a DeepSeek MLA layer both ways",mla_layer_both_ways},
        {"MLA crossover in FLOPs at 171 tokens",  mla_crossover_in_flops},
        {"Mixtral experts by hand",                                 mixtral_experts_by_hand},
        {"tensor parallelism splits work",          tensor_parallel_splits_work},
        {"patterns become kinds of layers",         patterns_become_layer_kinds},
        {"twins are alike (50 cases, seed 7)",                                 twins_are_alike},
        {"moving equals building (200 cases, seed 5)",moving_equals_building},
        {0},
    };
    return check_main("step", cases);
}
