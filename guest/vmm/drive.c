#include "drive.h"

#include "memory.h"
#include "print.h"
#include "virtio_registers.h"

enum { BUFFER_ORDER = 4 };

_Static_assert(DRIVE_BUFFER_SIZE == PAGE_SIZE << BUFFER_ORDER, "order");

void drive_start(struct drive *drive, u64 address)
{
    drive->buffer = memory_allocate(BUFFER_ORDER);
    if (drive->buffer == NULL || !host_virtio_start(&drive->device, address, BIT(BLOCK_FEATURE_READ_ONLY_BIT) | BIT(BLOCK_FEATURE_FLUSH_BIT), 1))
        fail("the block device at %lx does not start", address);
    for (u32 i = 0; i < sizeof drive->sectors; i++)
        drive->sectors |= (u64)host_virtio_configuration(&drive->device, i) << 8 * i;
    drive->is_read_only = host_virtio_has(&drive->device, BLOCK_FEATURE_READ_ONLY_BIT);
    drive->can_flush = host_virtio_has(&drive->device, BLOCK_FEATURE_FLUSH_BIT);
}

static bool request(struct drive *drive, u32 type, u64 sector, u32 size)
{
    struct block_request header = { .type = type, .sector = sector };
    volatile u8 status = BLOCK_IO_ERROR;
    struct host_segment segments[3] = { { &header, sizeof header, false } };
    unsigned count = 1;
    if (size != 0)
        segments[count++] = (struct host_segment){ drive->buffer, size, type == BLOCK_IN };
    segments[count++] = (struct host_segment){ (void *)&status, 1, true };
    host_queue_add(&drive->device, 0, 0, segments, count);
    host_virtio_notify(&drive->device, 0);
    u32 length;
    while (host_queue_take(&drive->device, 0, &length) < 0)
        ;
    host_virtio_acknowledge(&drive->device);
    return status == BLOCK_OK;
}

bool drive_read(struct drive *drive, u64 sector, u32 size)
{
    return request(drive, BLOCK_IN, sector, size);
}

bool drive_write(struct drive *drive, u64 sector, u32 size)
{
    return request(drive, BLOCK_OUT, sector, size);
}

bool drive_flush(struct drive *drive)
{
    return !drive->can_flush || request(drive, BLOCK_FLUSH, 0, 0);
}
