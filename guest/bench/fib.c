/* Calls and returns: one iteration is fib(20), 21891 calls. */
#include "bench.h"

static __attribute__((noinline)) uint64_t fib(uint64_t n)
{
    /* Keeps gcc from turning the recursion into a loop. */
    __asm__ volatile("" : "+r"(n));
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
        bench_sink += fib(20);
}

int main(int argc, char **argv)
{
    return bench_main("fib", work, argc, argv);
}
