/* What a just-in-time compiler does to its host: one iteration writes 16 new functions over old ones, in the next of 64
 * slots of 4 KiB, makes them visible to fetches, and calls each 100 times. */
#include <sys/mman.h>
#include "bench.h"

enum { SLOTS = 64, SLOT = 4096, FUNCTIONS = 16, CALLS = 100, BODY = SLOT / FUNCTIONS / 4 };

typedef uint64_t (*function)(uint64_t);
static uint8_t *slots;

/* A function that adds a constant in many small steps; returns the constant. */
static uint64_t generate(uint32_t *code, uint64_t *random)
{
    uint64_t sum = 0;
#if defined(__riscv)
    for (int i = 0; i < BODY - 1; i++)
    {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t step = (uint32_t)(*random >> 54);
        code[i] = step << 20 | 10 << 15 | 10 << 7 | 0x13; /* addi a0, a0, step */
        sum += step;
    }
    code[BODY - 1] = 0x00008067; /* ret */
#elif defined(__x86_64__)
    uint8_t *at = (uint8_t *)code;
    *at++ = 0x48, *at++ = 0x89, *at++ = 0xF8; /* mov rax, rdi */
    for (int i = 0; i < 40; i++)
    {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t step = (uint32_t)(*random >> 54);
        *at++ = 0x48, *at++ = 0x05; /* add rax, step */
        __builtin_memcpy(at, &step, sizeof step);
        at += sizeof step;
        sum += step;
    }
    *at = 0xC3; /* ret */
#else
#error "no code generator for this processor"
#endif
    return sum;
}

static void work(uint64_t iterations)
{
    static uint64_t random = 1, turn;
    for (uint64_t i = 0; i < iterations; i++)
    {
        uint8_t *slot = slots + turn++ % SLOTS * SLOT;
        uint64_t sums[FUNCTIONS];
        for (int n = 0; n < FUNCTIONS; n++)
            sums[n] = generate((uint32_t *)(slot + n * (SLOT / FUNCTIONS)), &random);
        __builtin___clear_cache((char *)slot, (char *)slot + SLOT);
        for (int n = 0; n < FUNCTIONS; n++)
        {
            function call = (function)(slot + n * (SLOT / FUNCTIONS));
            uint64_t x = 0;
            for (int c = 0; c < CALLS; c++)
                x = call(x);
            if (x != sums[n] * CALLS)
            {
                fprintf(stderr, "codegen: function %d gave %llu instead of %llu\n", n, (unsigned long long)x, (unsigned long long)sums[n] * CALLS);
                exit(1);
            }
        }
    }
}

int main(int argc, char **argv)
{
    slots = mmap(NULL, SLOTS * SLOT, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED)
        bench_fail("mmap");
    return bench_main("codegen", work, argc, argv);
}
