/* Loads and stores that a virtual hart meant for a device. */
#ifndef VMM_INSTRUCTION_H
#define VMM_INSTRUCTION_H

#include "context.h"
#include "types.h"

struct access
{
    bool is_store;
    bool is_signed;
    unsigned size; /* in bytes */
    unsigned reg; /* x register loaded or stored */
    unsigned length; /* of the instruction in bytes */
};

/* Decodes what htinst says of the integer load or store that faulted. Returns false for anything else. */
bool instruction_decode_transformed(const struct context *context, struct access *access);

/* Decodes the integer load or store that faulted: from htinst, or from the instruction itself where the machine wrote none. */
bool instruction_decode(const struct context *context, struct access *access);

static inline u64 access_value(const struct context *context, const struct access *access)
{
    u64 value = context->x[access->reg];
    return access->size == 8 ? value : value & (BIT(8 * access->size) - 1);
}

static inline void access_set(struct context *context, const struct access *access, u64 value)
{
    unsigned unused = 64 - 8 * access->size;
    value <<= unused;
    if (access->reg != 0)
        context->x[access->reg] = access->is_signed ? (u64)((s64)value >> unused) : value >> unused;
}

#endif
