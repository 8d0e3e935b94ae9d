/* Timing shared by the benchmark programs. Each program defines work(iterations) and calls
 * bench_main: the iteration count doubles until one run takes half a second (or the number of
 * seconds in argv[1]), and that last run is printed as one JSON line. */
#ifndef COVEJIT_BENCH_H
#define COVEJIT_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void (*bench_work)(uint64_t iterations);

/* Results go here, so that the compiler cannot drop the work. */
static volatile uint64_t bench_sink;

static double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int bench_main(const char *name, bench_work work, int argc, char **argv)
{
    double wanted = argc > 1 ? atof(argv[1]) : 0.5;
    uint64_t iterations = 1;
    for (;;)
    {
        double start = bench_now();
        work(iterations);
        double seconds = bench_now() - start;
        if (seconds >= wanted || iterations >= (UINT64_C(1) << 62))
        {
            printf("{\"name\":\"%s\",\"iterations\":%llu,\"seconds\":%.6f}\n",
                   name, (unsigned long long)iterations, seconds);
            fflush(stdout);
            return 0;
        }
        /* Jump close to the goal once the measurement means something. */
        if (seconds > wanted / 64)
        {
            uint64_t next = (uint64_t)((double)iterations * wanted / seconds * 1.1) + 1;
            iterations = next > iterations ? next : iterations * 2;
        }
        else
        {
            iterations *= 2;
        }
    }
}

static inline void bench_fail(const char *what)
{
    perror(what);
    exit(1);
}

#endif
