/* An interpreter at work: one iteration is 1000 turns of a loop in BusyBox's shell that counts, tests and strips a string. */
#include "command.h"

static void work(uint64_t iterations)
{
    char turns[24];
    snprintf(turns, sizeof turns, "%llu", (unsigned long long)iterations * 1000);
    char *arguments[] = {
        "busybox", "sh", "-c",
        "i=0; while [ $i -lt $1 ]; do s=turn-$i; case $s in *7) s=${s#turn-} ;; *) s=${s%-*} ;; esac; i=$((i + 1)); done",
        "sh", turns, NULL,
    };
    run_command(arguments);
}

int main(int argc, char **argv)
{
    return bench_main("shell", work, argc, argv);
}
