/* A mix of what old integer programs do: records through pointers, string compare, branches,
 * small calls, multiplication and division. One iteration handles 64 records. */
#include <string.h>
#include "bench.h"

struct record
{
    struct record *next;
    char name[24];
    int32_t kind;
    int32_t amount;
};

enum { COUNT = 64 };
static struct record records[COUNT];

static __attribute__((noinline)) int32_t weigh(int32_t kind, int32_t amount)
{
    switch (kind)
    {
        case 0: return amount * 3;
        case 1: return amount / 7;
        case 2: return amount % 11;
        case 3: return amount << 2;
        default: return -amount;
    }
}

static __attribute__((noinline)) void copy(struct record *to, const struct record *from)
{
    struct record *next = to->next;
    *to = *from;
    to->next = next;
}

static void work(uint64_t iterations)
{
    for (int i = 0; i < COUNT; i++)
    {
        records[i].next = &records[(i * 5 + 1) % COUNT];
        snprintf(records[i].name, sizeof records[i].name, "RECORD %d OF THE MIX", i);
        records[i].kind = i % 5;
        records[i].amount = i * 17 + 3;
    }
    struct record scratch = { 0 };
    int64_t sum = 0;
    struct record *at = records;
    for (uint64_t i = 0; i < iterations; i++)
    {
        for (int n = 0; n < COUNT; n++)
        {
            copy(&scratch, at);
            if (strcmp(scratch.name, at->next->name) < 0)
                sum += weigh(scratch.kind, scratch.amount);
            else
                sum -= weigh(scratch.kind ^ 1, scratch.amount + n);
            at->amount = (int32_t)((uint32_t)sum & 0xFFFF);
            at = at->next;
        }
    }
    bench_sink += (uint64_t)sum;
}

int main(int argc, char **argv)
{
    return bench_main("mix", work, argc, argv);
}
