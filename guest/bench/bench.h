/* Timing shared by the benchmark programs. Each program defines work(iterations) and calls
 * bench_main: the iteration count grows until a run takes about half a second (or the number of
 * seconds in argv[1]). That run is framed by JSON lines, so that whoever reads the console can
 * sample the emulator's processor time at both: {"start":NAME}, perhaps repeated, the last one
 * counts, and {"name":NAME,"iterations":N,"seconds":wall,"cpu_seconds":user and system, children
 * included}. The same sources compile on the host. */
#ifndef COVEJIT_BENCH_H
#define COVEJIT_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
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

static double bench_cpu(void)
{
    static const int who[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
    double seconds = 0;
    for (int i = 0; i < 2; i++)
    {
        struct rusage r;
        getrusage(who[i], &r);
        seconds += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
    }
    return seconds;
}

struct bench_time
{
    double seconds, cpu_seconds;
};

static struct bench_time bench_run(bench_work work, uint64_t iterations)
{
    double cpu = bench_cpu();
    double start = bench_now();
    work(iterations);
    double seconds = bench_now() - start;
    return (struct bench_time){ seconds, bench_cpu() - cpu };
}

static inline int bench_main(const char *name, bench_work work, int argc, char **argv)
{
    double wanted = argc > 1 ? atof(argv[1]) : 0.5;
    uint64_t iterations = 1;
    while (bench_run(work, iterations).seconds < wanted / 8)
        iterations *= 2;
    for (;;)
    {
        printf("{\"start\":\"%s\"}\n", name);
        fflush(stdout);
        struct bench_time taken = bench_run(work, iterations);
        /* Cold code and caches make the first runs slow, and what is scaled from them short. */
        if (taken.seconds >= wanted / 2)
        {
            printf("{\"name\":\"%s\",\"iterations\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
                   name, (unsigned long long)iterations, taken.seconds, taken.cpu_seconds);
            fflush(stdout);
            return 0;
        }
        iterations = (uint64_t)((double)iterations * wanted / taken.seconds) + 1;
    }
}

static inline void bench_fail(const char *what)
{
    perror(what);
    exit(1);
}

#endif
