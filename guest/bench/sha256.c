/* One iteration is busybox sha256sum of a file of 4 MiB. */
#include "command.h"

static char path[] = "/tmp/sha256-XXXXXX";

static void work(uint64_t iterations)
{
    char *arguments[] = { "busybox", "sha256sum", path, NULL };
    for (uint64_t i = 0; i < iterations; i++)
        run_command(arguments);
}

int main(int argc, char **argv)
{
    make_text(path, 4 << 20);
    int status = bench_main("sha256", work, argc, argv);
    unlink(path);
    return status;
}
