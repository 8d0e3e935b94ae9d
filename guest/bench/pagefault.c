/* Page faults: one iteration maps 256 pages, touches each once and unmaps them. */
#include <sys/mman.h>
#include "bench.h"

enum { PAGE = 4096, PAGES = 256 };

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        volatile uint8_t *p = mmap(NULL, (size_t)PAGE * PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            bench_fail("mmap");
        /* Huge pages would turn 256 faults into one. */
        madvise((void *)p, (size_t)PAGE * PAGES, MADV_NOHUGEPAGE);
        for (int n = 0; n < PAGES; n++)
            p[(size_t)n * PAGE] = (uint8_t)n;
        if (munmap((void *)p, (size_t)PAGE * PAGES) != 0)
            bench_fail("munmap");
    }
}

int main(int argc, char **argv)
{
    return bench_main("pagefault", work, argc, argv);
}
