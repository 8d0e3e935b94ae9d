/* VirtIO 1.2, "Block Device": a disk that lies in the machine's memory, lost with the machine, or one of the machine's drives. */
#include "drive.h"
#include "virtio.h"
#include "virtio_registers.h"

#define ID_SIZE 20u

enum
{
    SEGMENTS_OFFSET = 12, /* seg_max, 32 bits */
    SEGMENTS = CHAIN_MAX - 2, /* a request's header and status are in the chain as well */
};

static u64 sectors(const struct virtio *virtio)
{
    return virtio->drive != NULL ? virtio->drive->sectors : virtio->backing.size / SECTOR_SIZE;
}

static u64 features(const struct virtio *virtio)
{
    return BIT(BLOCK_FEATURE_FLUSH_BIT) | BIT(BLOCK_FEATURE_SEGMENTS_BIT) | (virtio->drive != NULL && virtio->drive->is_read_only ? BIT(BLOCK_FEATURE_READ_ONLY_BIT) : 0);
}

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    if (offset < sizeof(u64))
        return (u8)(sectors(virtio) >> 8 * offset);
    return offset == SEGMENTS_OFFSET ? SEGMENTS : 0;
}

/* Between the disk and the chain's buffers, a piece at a time; offset is that of the first byte in the buffers. */
static bool transfer(struct virtio *virtio, const struct chain *chain, u64 sector, u64 offset, u64 size, bool is_read)
{
    if (sector > sectors(virtio) || size % SECTOR_SIZE != 0 || size / SECTOR_SIZE > sectors(virtio) - sector)
        return false;
    struct drive *drive = virtio->drive;
    if (drive == NULL)
    {
        u8 *content = (u8 *)virtio->backing.start + sector * SECTOR_SIZE;
        return is_read ? chain_write(virtio, chain, offset, content, size) : chain_read(virtio, chain, offset, content, size);
    }
    for (u64 done = 0, part; done < size; done += part)
    {
        part = min_u64(size - done, DRIVE_BUFFER_SIZE);
        u64 at = sector + done / SECTOR_SIZE;
        bool succeeded = is_read
            ? drive_read(drive, at, (u32)part) && chain_write(virtio, chain, offset + done, drive->buffer, part)
            : chain_read(virtio, chain, offset + done, drive->buffer, part) && drive_write(drive, at, (u32)part);
        if (!succeeded)
            return false;
    }
    return true;
}

/* Carries a request out; returns its status, and in *written how many bytes before the status were written. */
static u8 serve(struct virtio *virtio, const struct chain *chain, u64 *written)
{
    struct block_request request;
    *written = 0;
    if (!chain_read(virtio, chain, 0, &request, sizeof request))
        return BLOCK_IO_ERROR;
    switch (request.type)
    {
        case BLOCK_IN:
            if (!transfer(virtio, chain, request.sector, 0, chain->writable - 1, true))
                return BLOCK_IO_ERROR;
            *written = chain->writable - 1;
            return BLOCK_OK;
        case BLOCK_OUT:
            return transfer(virtio, chain, request.sector, sizeof request, chain->readable - sizeof request, false) ? BLOCK_OK : BLOCK_IO_ERROR;
        case BLOCK_FLUSH:
            return virtio->drive == NULL || drive_flush(virtio->drive) ? BLOCK_OK : BLOCK_IO_ERROR;
        case BLOCK_GET_ID:
        {
            static const char id[ID_SIZE] = "covejit-vmm";
            *written = min_u64(chain->writable - 1, ID_SIZE);
            return chain_write(virtio, chain, 0, id, *written) ? BLOCK_OK : BLOCK_IO_ERROR;
        }
        default:
            return BLOCK_UNSUPPORTED;
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

const struct virtio_type virtio_block = { .id = 2, .queues = 1, .features = features, .configuration = configuration, .notify = notify };
