/* Address spaces made and dropped: one iteration is a fork, an exit and a wait. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

static void work(uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++)
    {
        pid_t child = fork();
        if (child < 0)
            bench_fail("fork");
        if (child == 0)
            _exit(0);
        int status;
        if (waitpid(child, &status, 0) != child || status != 0)
            bench_fail("waitpid");
    }
}

int main(int argc, char **argv)
{
    return bench_main("fork", work, argc, argv);
}
