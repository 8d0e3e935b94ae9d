/* Byte loads and stores in loops with strides: one iteration finds the primes below 65536. */
#include <string.h>
#include "bench.h"

enum { LIMIT = 65536, PRIMES = 6542 };
static uint8_t composite[LIMIT];

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        unsigned primes = 0;
        memset(composite, 0, sizeof composite);
        for (unsigned n = 2; n < LIMIT; n++)
        {
            if (composite[n])
                continue;
            primes++;
            for (uint64_t m = (uint64_t)n * n; m < LIMIT; m += n)
                composite[m] = 1;
        }
        if (primes != PRIMES)
        {
            fprintf(stderr, "sieve: %u primes instead of %u\n", primes, PRIMES);
            exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    return bench_main("sieve", work, argc, argv);
}
