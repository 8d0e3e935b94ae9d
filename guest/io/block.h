/* A block device, past the page cache (O_DIRECT), by Linux's own asynchronous I/O. */
#ifndef COVEJIT_BLOCK_H
#define COVEJIT_BLOCK_H

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "measure.h"
#include "transport.h"

static const char *block_path;
static int block_descriptor;
static aio_context_t block_context;

static void block_submit(struct request *request)
{
    struct iocb control = {
        .aio_lio_opcode = request->is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)block_descriptor,
        .aio_buf = (uintptr_t)request->buffer,
        .aio_nbytes = request->size,
        .aio_offset = (int64_t)request->offset,
        .aio_data = (uintptr_t)request,
    };
    struct iocb *one = &control;
    if (syscall(SYS_io_submit, block_context, 1L, &one) != 1)
        bench_fail("io_submit");
}

static struct request *block_complete(void)
{
    static struct io_event events[DEPTH_MOST];
    static long count, next;
    if (next == count)
    {
        next = 0;
        count = syscall(SYS_io_getevents, block_context, 1L, (long)DEPTH_MOST, events, NULL);
        if (count < 1)
            bench_fail("io_getevents");
    }
    const struct io_event *event = &events[next++];
    struct request *request = (struct request *)(uintptr_t)event->data;
    if (event->res != (int64_t)request->size)
    {
        fprintf(stderr, "%s: a request ended with %lld\n", block_path, (long long)event->res);
        exit(1);
    }
    return request;
}

static void block_flush(void)
{
    if (fdatasync(block_descriptor) != 0)
        bench_fail(block_path);
}

static struct transport block_open(const char *path)
{
    block_path = path;
    block_descriptor = open(path, O_RDWR | O_DIRECT);
    if (block_descriptor < 0)
        bench_fail(path);
    if (syscall(SYS_io_setup, (long)DEPTH_MOST, &block_context) != 0)
        bench_fail("io_setup");
    return (struct transport){ block_submit, block_complete, block_flush };
}

#endif
