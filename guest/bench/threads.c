/* All harts at once: one iteration finds the primes below 65536 on one of as many threads as there are harts,
 * each with memory of its own; an atomic counter gives the iterations out. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "bench.h"

enum { LIMIT = 65536, PRIMES = 6542, THREADS = 64 };
static atomic_ullong given;
static uint64_t wanted;

static unsigned sieve(uint8_t *composite)
{
    unsigned primes = 0;
    memset(composite, 0, LIMIT);
    for (unsigned n = 2; n < LIMIT; n++)
    {
        if (composite[n])
            continue;
        primes++;
        for (uint64_t m = (uint64_t)n * n; m < LIMIT; m += n)
            composite[m] = 1;
    }
    return primes;
}

static void *serve(void *unused)
{
    uint8_t *composite = malloc(LIMIT);
    if (composite == NULL)
        bench_fail("malloc");
    while (atomic_fetch_add(&given, 1) < wanted)
    {
        if (sieve(composite) != PRIMES)
        {
            fprintf(stderr, "threads: wrong number of primes\n");
            exit(1);
        }
    }
    free(composite);
    return unused;
}

static void work(uint64_t iterations)
{
    pthread_t threads[THREADS];
    long harts = sysconf(_SC_NPROCESSORS_ONLN);
    int count = harts < 1 ? 1 : harts > THREADS ? THREADS : (int)harts;
    given = 0;
    wanted = iterations;
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
            bench_fail("pthread_create");
    for (int i = 0; i < count; i++)
        if (pthread_join(threads[i], NULL) != 0)
            bench_fail("pthread_join");
}

int main(int argc, char **argv)
{
    return bench_main("threads", work, argc, argv);
}
