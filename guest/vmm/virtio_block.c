/* VirtIO 1.2, "Block Device": a disk that lies in the machine's memory. What is written to it lasts as long as the machine. */
#include "virtio.h"

enum { TYPE_IN, TYPE_OUT, TYPE_FLUSH = 4, TYPE_GET_ID = 8 };
enum { STATUS_OK, STATUS_IO_ERROR, STATUS_UNSUPPORTED };

#define SECTOR_SIZE 512ul
#define FEATURE_FLUSH BIT(9)
#define ID_SIZE 20u

struct request
{
    u32 type;
    u32 reserved;
    u64 sector;
};

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    u64 capacity = virtio->backing.size / SECTOR_SIZE;
    return offset < sizeof capacity ? (u8)(capacity >> 8 * offset) : 0;
}

/* Carries a request out; returns its status, and in *written how many bytes before the status were written. */
static u8 serve(struct virtio *virtio, const struct chain *chain, u64 *written)
{
    struct request request;
    *written = 0;
    if (!chain_read(virtio, chain, 0, &request, sizeof request))
        return STATUS_IO_ERROR;
    bool is_read = request.type == TYPE_IN;
    u64 size = is_read ? chain->writable - 1 : chain->readable - sizeof request;
    u64 offset = request.sector * SECTOR_SIZE;
    u8 *content = (u8 *)virtio->backing.start + offset;
    bool fits = request.sector <= virtio->backing.size / SECTOR_SIZE && size <= virtio->backing.size - offset && size % SECTOR_SIZE == 0;
    switch (request.type)
    {
        case TYPE_IN:
            if (!fits || !chain_write(virtio, chain, 0, content, size))
                return STATUS_IO_ERROR;
            *written = size;
            return STATUS_OK;
        case TYPE_OUT:
            return fits && chain_read(virtio, chain, sizeof request, content, size) ? STATUS_OK : STATUS_IO_ERROR;
        case TYPE_FLUSH:
            return STATUS_OK;
        case TYPE_GET_ID:
        {
            static const char id[ID_SIZE] = "covejit-ramdisk";
            *written = min_u64(chain->writable - 1, ID_SIZE);
            return chain_write(virtio, chain, 0, id, *written) ? STATUS_OK : STATUS_IO_ERROR;
        }
        default:
            return STATUS_UNSUPPORTED;
    }
}

static void notify(struct virtio *virtio, unsigned queue)
{
    struct chain chain;
    bool any = false;
    while (virtio_take(virtio, queue, &chain))
    {
        u64 written = 0;
        if (chain.writable != 0)
        {
            u8 status = serve(virtio, &chain, &written);
            written += chain_write(virtio, &chain, chain.writable - 1, &status, 1);
        }
        virtio_give_back(virtio, queue, &chain, (u32)written);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, queue);
}

const struct virtio_type virtio_block = { .id = 2, .features = FEATURE_FLUSH, .queues = 1, .configuration = configuration, .notify = notify };
