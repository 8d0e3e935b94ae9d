/* For programs that time a command: run it and wait, its output thrown away. */
#ifndef COVEJIT_COMMAND_H
#define COVEJIT_COMMAND_H

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

static inline void run_command(char *const *arguments)
{
    pid_t child = fork();
    if (child < 0)
        bench_fail("fork");
    if (child == 0)
    {
        int null = open("/dev/null", O_WRONLY);
        if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
            _exit(126);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) != child)
        bench_fail("waitpid");
    if (status != 0)
    {
        fprintf(stderr, "%s: status %#x\n", arguments[0], (unsigned)status);
        exit(1);
    }
}

/* A file of text to work on, path being a template for mkstemp: words of a small vocabulary in random
 * order, so that it compresses about as prose does. The same bytes wherever it is made. */
static inline void make_text(char *path, size_t size)
{
    static const char *const words[] = {
        "hart ", "the ", "page ", "of ", "memory ", "table, ", "trap ", "and ", "a ", "guest ", "runs.\n", "register ",
        "is ", "loaded ", "to ", "device ", "stores ", "interrupt ", "in ", "kernel; ", "counter ", "fence ", "not ", "zero ",
    };
    int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL)
        bench_fail(path);
    uint64_t random = 1;
    for (size_t written = 0; written < size;)
    {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int length = fprintf(file, "%s", words[(random >> 33) % (sizeof words / sizeof *words)]);
        if (length < 0)
            bench_fail(path);
        written += (size_t)length;
    }
    if (fclose(file) != 0)
        bench_fail(path);
}

#endif
