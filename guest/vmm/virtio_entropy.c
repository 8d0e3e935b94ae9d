/* VirtIO 1.2, "Entropy Device". */
#include "entropy.h"
#include "virtio.h"

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

static void notify(struct virtio *virtio, unsigned queue)
{
    struct chain chain;
    bool any = false;
    while (virtio_take(virtio, queue, &chain))
    {
        u8 bytes[256];
        u64 size = min_u64(chain.writable, sizeof bytes);
        entropy_fill(bytes, size);
        virtio_give_back(virtio, queue, &chain, chain_write(virtio, &chain, 0, bytes, size) ? (u32)size : 0);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, queue);
}

const struct virtio_type virtio_entropy = { .id = 4, .queues = 1, .features = features, .configuration = configuration, .notify = notify };
