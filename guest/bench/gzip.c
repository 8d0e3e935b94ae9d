/* One iteration is busybox gzip of a file of 512 KiB of text. */
#include "command.h"

static char path[] = "/tmp/gzip-XXXXXX";

static void work(uint64_t iterations)
{
    char *arguments[] = { "busybox", "gzip", "-c", path, NULL };
    for (uint64_t i = 0; i < iterations; i++)
        run_command(arguments);
}

int main(int argc, char **argv)
{
    make_text(path, 512 << 10);
    int status = bench_main("gzip", work, argc, argv);
    unlink(path);
    return status;
}
