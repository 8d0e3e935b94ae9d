#include "instruction.h"

#define OPCODE_LOAD 0x03u
#define OPCODE_STORE 0x23u

static unsigned bits(u32 instruction, unsigned low, unsigned count)
{
    return instruction >> low & ((1u << count) - 1);
}

static bool decode_full(u32 instruction, struct access *access)
{
    unsigned width = bits(instruction, 12, 3);
    access->size = 1u << (width & 3);
    switch (bits(instruction, 0, 7))
    {
        case OPCODE_LOAD:
            access->is_store = false;
            access->is_signed = (width & 4) == 0;
            access->reg = bits(instruction, 7, 5);
            return width != 7;
        case OPCODE_STORE:
            access->is_store = true;
            access->is_signed = false;
            access->reg = bits(instruction, 20, 5);
            return width < 4;
        default:
            return false;
    }
}

/* The compressed loads and stores of C and Zcb. */
static bool decode_compressed(u32 instruction, struct access *access)
{
    unsigned function = bits(instruction, 13, 3);
    unsigned small = 8 + bits(instruction, 2, 3); /* x8 to x15 */
    switch (bits(instruction, 0, 2))
    {
        case 0:
            *access = (struct access){ .is_store = function >= 5, .is_signed = true, .reg = small };
            switch (function)
            {
                case 2:
                case 6:
                    access->size = 4;
                    return true;
                case 3:
                case 7:
                    access->size = 8;
                    return true;
                case 4: /* c.lbu, c.lhu and c.lh, c.sb, c.sh */
                {
                    unsigned kind = bits(instruction, 10, 3);
                    access->is_store = kind >= 2;
                    access->size = (kind & 1) != 0 ? 2 : 1;
                    access->is_signed = kind == 1 && bits(instruction, 6, 1) != 0;
                    return kind < 4;
                }
                default:
                    return false;
            }
        case 2: /* relative to the stack pointer */
            *access = (struct access){ .is_store = function >= 5, .is_signed = true, .size = (function & 1) != 0 ? 8 : 4 };
            access->reg = access->is_store ? bits(instruction, 2, 5) : bits(instruction, 7, 5);
            return function == 2 || function == 3 || function == 6 || function == 7;
        default:
            return false;
    }
}

bool instruction_decode_transformed(const struct context *context, struct access *access)
{
    /* Bit 0 tells an instruction from a pseudoinstruction; bit 1 is clear if it was a compressed one. */
    u32 transformed = (u32)context->htinst;
    bool valid = (transformed & 1) != 0 && decode_full(transformed | 2, access);
    access->length = (transformed & 2) != 0 ? 4 : 2;
    return valid;
}

bool instruction_decode(const struct context *context, struct access *access)
{
    if (context->htinst != 0)
        return instruction_decode_transformed(context, access);
    u16 low, high;
    if (!guest_fetch(context->pc, &low))
        return false;
    if ((low & 3) != 3)
    {
        bool valid = decode_compressed(low, access);
        access->length = 2;
        return valid;
    }
    if (!guest_fetch(context->pc + 2, &high))
        return false;
    bool valid = decode_full((u32)high << 16 | low, access);
    access->length = 4;
    return valid;
}
