/* Indirect calls: one iteration is 1024 calls through a table, in an order no predictor knows at first. */
#include "bench.h"

enum { CALLS = 1024 };
typedef uint64_t (*operation)(uint64_t);

static uint64_t add(uint64_t x) { return x + 7; }
static uint64_t xor(uint64_t x) { return x ^ 0x5555; }
static uint64_t shift(uint64_t x) { return x << 1; }
static uint64_t rotate(uint64_t x) { return x >> 9 | x << 55; }
static uint64_t multiply(uint64_t x) { return x * 31; }
static uint64_t subtract(uint64_t x) { return x - 99; }
static uint64_t fold(uint64_t x) { return x ^ x >> 7; }
static uint64_t invert(uint64_t x) { return ~x; }

static const operation operations[] = { add, xor, shift, rotate, multiply, subtract, fold, invert };
static operation calls[CALLS];

static void work(uint64_t iterations)
{
    uint64_t random = 1;
    for (int n = 0; n < CALLS; n++)
    {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        calls[n] = operations[random >> 61];
    }
    uint64_t x = 1;
    for (uint64_t i = 0; i < iterations; i++)
        for (int n = 0; n < CALLS; n++)
            x = calls[n](x);
    bench_sink += x;
}

int main(int argc, char **argv)
{
    return bench_main("indirect", work, argc, argv);
}
