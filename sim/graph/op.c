#include "graph/op.h"

#define NAME_OF_OP(id, name) name,
const char *const op_names[OP_KIND_COUNT] = {OP_LIST(NAME_OF_OP)};

double op_shown_bytes(const struct op *op)
{
    return op_is_communication(op) ? op->message_bytes + op->network_bytes : op_bytes(op);
}
