/* Integer types and what else C leaves to its library's headers. */
#ifndef VMM_TYPES_H
#define VMM_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define KIB (1ul << 10)
#define MIB (1ul << 20)
#define GIB (1ul << 30)

#define PAGE_SIZE (4 * KIB)
#define LARGE_PAGE_SIZE (2 * MIB)

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))
#define BIT(n) (1ul << (n))

static inline u64 align_down(u64 value, u64 alignment)
{
    return value & ~(alignment - 1);
}

static inline u64 align_up(u64 value, u64 alignment)
{
    return align_down(value + alignment - 1, alignment);
}

static inline u64 min_u64(u64 a, u64 b)
{
    return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
    return a > b ? a : b;
}

/* The number of the lowest bit that is set; there must be one. */
static inline unsigned first_bit(u64 bits)
{
    unsigned number = 0;
    for (unsigned half = 32; half != 0; half /= 2)
    {
        if ((bits & (BIT(half) - 1)) == 0)
        {
            bits >>= half;
            number += half;
        }
    }
    return number;
}

/* A range of addresses. */
struct range
{
    u64 start;
    u64 size;
};

static inline bool range_holds(struct range range, u64 start, u64 size)
{
    return start - range.start < range.size && size <= range.size - (start - range.start);
}

/* The compiler itself calls these. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *at, int value, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);

#endif
