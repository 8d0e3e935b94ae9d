/* New programs: one iteration is a fork, an exec of this program, which exits at once, and a wait. */
#include <string.h>
#include "command.h"

static void work(uint64_t iterations)
{
    char *arguments[] = { "/proc/self/exe", "--exit", NULL };
    for (uint64_t i = 0; i < iterations; i++)
        run_command(arguments);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--exit") == 0)
        return 0;
    return bench_main("exec", work, argc, argv);
}
