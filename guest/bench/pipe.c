/* Context switches: one iteration sends a byte to another process and waits for its answer. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

static void work(uint64_t iterations)
{
    int there[2], back[2];
    char byte = 'x';
    if (pipe(there) != 0 || pipe(back) != 0)
        bench_fail("pipe");
    pid_t child = fork();
    if (child < 0)
        bench_fail("fork");
    if (child == 0)
    {
        close(there[1]);
        close(back[0]);
        while (read(there[0], &byte, 1) == 1)
            if (write(back[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    for (uint64_t i = 0; i < iterations; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            bench_fail("ping-pong");
    close(there[1]);
    close(back[0]);
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        bench_fail("waitpid");
}

int main(int argc, char **argv)
{
    return bench_main("pipe", work, argc, argv);
}
