#include "types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    u8 *out = to;
    const u8 *in = from;
    if (((uintptr_t)out & 7) == ((uintptr_t)in & 7))
    {
        for (; size != 0 && ((uintptr_t)out & 7) != 0; size--)
            *out++ = *in++;
        for (; size >= 64; size -= 64, out += 64, in += 64)
        {
            const u64 *source = (const u64 *)in;
            u64 a = source[0], b = source[1], c = source[2], d = source[3];
            u64 e = source[4], f = source[5], g = source[6], h = source[7];
            u64 *target = (u64 *)out;
            target[0] = a, target[1] = b, target[2] = c, target[3] = d;
            target[4] = e, target[5] = f, target[6] = g, target[7] = h;
        }
    }
    for (; size != 0; size--)
        *out++ = *in++;
    return to;
}

void *memset(void *at, int value, size_t size)
{
    u8 *out = at;
    u64 pattern = (u8)value * 0x0101010101010101ul;
    for (; size != 0 && ((uintptr_t)out & 7) != 0; size--)
        *out++ = (u8)value;
    for (; size >= 64; size -= 64, out += 64)
        for (int i = 0; i < 8; i++)
            ((u64 *)out)[i] = pattern;
    for (; size != 0; size--)
        *out++ = (u8)value;
    return at;
}

void *memmove(void *to, const void *from, size_t size)
{
    u8 *out = to;
    const u8 *in = from;
    if (out <= in)
        for (size_t i = 0; i < size; i++)
            out[i] = in[i];
    else
        for (size_t i = size; i-- > 0;)
            out[i] = in[i];
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *x = a, *y = b;
    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return memcmp(a, b, min_u64(strlen(a), strlen(b)) + 1);
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i] || a[i] == 0)
            return (u8)a[i] - (u8)b[i];
    return 0;
}
