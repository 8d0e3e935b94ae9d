/* The C library's sort with its calls back: one iteration fills 16384 integers at random and sorts them. */
#include "bench.h"

enum { COUNT = 16384 };
static uint32_t values[COUNT];

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        uint64_t random = i;
        for (int n = 0; n < COUNT; n++)
        {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            values[n] = (uint32_t)(random >> 32);
        }
        qsort(values, COUNT, sizeof *values, compare);
        for (int n = 1; n < COUNT; n++)
        {
            if (values[n - 1] > values[n])
            {
                fprintf(stderr, "qsort: not sorted\n");
                exit(1);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return bench_main("qsort", work, argc, argv);
}
