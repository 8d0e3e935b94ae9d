/* The machine's block devices, each of which one virtual machine uses. Requests wait until they are done. */
#ifndef VMM_DRIVE_H
#define VMM_DRIVE_H

#include "host_virtio.h"
#include "types.h"

/* Bytes that a request moves at most. */
#define DRIVE_BUFFER_SIZE (64 * KIB)

struct drive
{
    struct host_virtio device;
    u64 sectors;
    bool is_read_only;
    bool can_flush;
    u8 *buffer; /* DRIVE_BUFFER_SIZE bytes */
};

/* Takes the device at an address over; fails if it cannot. */
void drive_start(struct drive *drive, u64 address);

/* Moves sectors between the drive and its buffer; size is a multiple of the sector's. Returns false if the drive does. */
bool drive_read(struct drive *drive, u64 sector, u32 size);
bool drive_write(struct drive *drive, u64 sector, u32 size);
bool drive_flush(struct drive *drive);

#endif
