/* VirtIO 1.2, "Console Device", with its one port: what does not trap for each character. */
#include "console.h"
#include "virtio.h"
#include "vm.h"

enum { RECEIVE, TRANSMIT };

static u64 features(const struct virtio *virtio)
{
    (void)virtio;
    return 0;
}

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    (void)virtio;
    (void)offset;
    return 0;
}

static void transmit(struct virtio *virtio)
{
    struct chain chain;
    bool any = false;
    while (virtio_take(virtio, TRANSMIT, &chain))
    {
        u8 bytes[256];
        for (u64 done = 0, part; done < chain.readable; done += part)
        {
            part = min_u64(chain.readable - done, sizeof bytes);
            if (!chain_read(virtio, &chain, done, bytes, part))
                break;
            console_write(virtio->vm->index, bytes, part);
        }
        virtio_give_back(virtio, TRANSMIT, &chain, 0);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, TRANSMIT);
    virtio->vm->uses_virtio_console = true;
}

static void receive(struct virtio *virtio)
{
    struct vm *vm = virtio->vm;
    struct chain chain;
    bool any = false;
    while (!bytes_are_empty(&vm->console_input) && virtio_take(virtio, RECEIVE, &chain))
    {
        u8 bytes[256];
        u32 count = 0;
        while (count < chain.writable && !bytes_are_empty(&vm->console_input))
            bytes[count++] = bytes_take(&vm->console_input);
        virtio_give_back(virtio, RECEIVE, &chain, chain_write(virtio, &chain, 0, bytes, count) ? count : 0);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, RECEIVE);
}

static void notify(struct virtio *virtio, unsigned queue)
{
    if (queue == TRANSMIT)
        transmit(virtio);
    else
        receive(virtio);
}

void virtio_console_receive(struct virtio *virtio, u8 byte)
{
    bytes_put(&virtio->vm->console_input, byte);
    virtio_begin(virtio);
    receive(virtio);
}

const struct virtio_type virtio_console = { .id = 3, .queues = 2, .features = features, .configuration = configuration, .notify = notify };
