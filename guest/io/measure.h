/* What the programs here have in common: words that are known, memory that is there, and a phase's lines: those of bench.h, and then how long requests
 * took. */
#ifndef COVEJIT_MEASURE_H
#define COVEJIT_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "../bench/bench.h"

enum { SAMPLES_MOST = 1 << 20 };

/* SplitMix64 of the place. */
static inline uint64_t word_at(uint64_t seed, uint64_t offset)
{
    uint64_t x = seed + offset / 8 * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static inline uint8_t *allocate(uint64_t size)
{
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED)
        bench_fail("mmap");
    return at;
}

struct phase
{
    const char *pattern;
    uint64_t size;
    float *samples; /* microseconds, of as many requests as there is room for */
    uint64_t done;
    double start;
    double cpu;
};

static inline void phase_sample(struct phase *phase, double seconds)
{
    if (phase->done < SAMPLES_MOST)
        phase->samples[phase->done] = (float)(seconds * 1e6);
    phase->done++;
}

static inline void phase_begin(struct phase *phase)
{
    phase->done = 0;
    printf("{\"start\":\"%s_%llu\"}\n", phase->pattern, (unsigned long long)phase->size);
    fflush(stdout);
    phase->cpu = bench_cpu();
    phase->start = bench_now();
}

/* Nothing that is done between the last request and this should count. */
static inline void phase_end(const struct phase *phase)
{
    double taken = bench_now() - phase->start;
    double cpu = bench_cpu() - phase->cpu;
    printf("{\"name\":\"%s_%llu\",\"iterations\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", phase->pattern, (unsigned long long)phase->size, (unsigned long long)phase->done, taken, cpu);
    fflush(stdout);
}

static inline int phase_compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static inline double phase_percentile(const struct phase *phase, uint64_t count, double part)
{
    return phase->samples[(uint64_t)((double)(count - 1) * part + 0.5)];
}

static inline void phase_latencies(const struct phase *phase)
{
    uint64_t count = phase->done < SAMPLES_MOST ? phase->done : SAMPLES_MOST;
    qsort(phase->samples, count, sizeof(float), phase_compare);
    printf("{\"latency\":\"%s_%llu\",\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n", phase->pattern, (unsigned long long)phase->size, phase_percentile(phase, count, 0.5),
           phase_percentile(phase, count, 0.9), phase_percentile(phase, count, 0.99), (double)phase->samples[count - 1]);
    fflush(stdout);
}

#endif
