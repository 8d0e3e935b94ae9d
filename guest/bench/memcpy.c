/* Memory bandwidth through the C library: one iteration copies 1 MiB. */
#include <string.h>
#include "bench.h"

enum { SIZE = 1 << 20 };
static uint8_t from[SIZE], to[SIZE];

static void work(uint64_t iterations)
{
    memset(from, 0x5A, SIZE);
    for (uint64_t i = 0; i < iterations; i++)
    {
        memcpy(to, from, SIZE);
        __asm__ volatile("" : : "r"(to), "r"(from) : "memory");
    }
    bench_sink += to[SIZE - 1];
}

int main(int argc, char **argv)
{
    return bench_main("memcpy", work, argc, argv);
}
