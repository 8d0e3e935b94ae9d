/* The driver's side of VirtIO: the machine's own devices, which virtual machines use through the VMM. One virtqueue has one user at a time. */
#ifndef VMM_HOST_VIRTIO_H
#define VMM_HOST_VIRTIO_H

#include "types.h"

enum { HOST_QUEUE_SIZE = 64, HOST_QUEUES_MAX = 2 };
enum { VIRTIO_ID_NETWORK = 1, VIRTIO_ID_BLOCK = 2 };

struct host_segment
{
    void *at;
    u32 length;
    bool is_writable; /* by the device */
};

struct host_queue
{
    struct host_descriptor *descriptors;
    struct host_available *available;
    struct host_used *used;
    u16 next_used;
};

struct host_virtio
{
    volatile u32 *registers;
    struct host_queue queues[HOST_QUEUES_MAX];
};

/* What kind of device there is at an address; 0 for none. */
u32 host_virtio_id(u64 address);

/* Takes a device over with those of the features that it has, and with its first queues. Returns false if it will not, or without memory. */
bool host_virtio_start(struct host_virtio *device, u64 address, u64 features, unsigned queues);

/* Byte of its configuration space. */
u8 host_virtio_configuration(const struct host_virtio *device, u32 offset);

/* Whether it has one of the first 32 features. */
bool host_virtio_has(const struct host_virtio *device, unsigned feature);

/* Makes a chain available, in descriptors from a number on that the caller manages. The device hears of it with host_virtio_notify. */
void host_queue_add(struct host_virtio *device, unsigned queue, u16 first, const struct host_segment *segments, unsigned count);
void host_virtio_notify(struct host_virtio *device, unsigned queue);

/* Takes a chain that the device has done with: its first descriptor, and in *length the bytes written. Returns -1 if there is none. */
int host_queue_take(struct host_virtio *device, unsigned queue, u32 *length);

/* Lowers the device's interrupt. */
void host_virtio_acknowledge(struct host_virtio *device);

#endif
