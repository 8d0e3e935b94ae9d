/* The way into the kernel and back: one iteration is one system call that does nothing else. */
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
        bench_sink += (uint64_t)syscall(SYS_getppid);
}

int main(int argc, char **argv)
{
    return bench_main("getppid", work, argc, argv);
}
