/* VirtIO devices of virtual machines: the MMIO transport and split virtqueues (VirtIO 1.2), and what device types are made of. */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include "device.h"

struct drive;
struct vm;
struct virtio;

enum { VIRTIO_QUEUES_MAX = 4, VIRTIO_QUEUE_SIZE = 256, CHAIN_MAX = 64 };

struct virtqueue
{
    u32 size;
    bool ready;
    u64 descriptors; /* guest addresses of the three parts */
    u64 available;
    u64 used;
    u16 next_available;
    u16 next_used;
};

/* A device type: what of it does not change. */
struct virtio_type
{
    u32 id;
    unsigned queues;

    /* Features beside those of the transport. */
    u64 (*features)(const struct virtio *virtio);

    /* Byte of the device's configuration space. */
    u8 (*configuration)(const struct virtio *virtio, u64 offset);

    /* The driver writes to it; NULL where it cannot. */
    void (*configure)(struct virtio *virtio, u64 offset, u32 value);

    /* The driver resets the device; NULL where it has no state of its own. */
    void (*reset)(struct virtio *virtio);

    /* The driver made buffers available. */
    void (*notify)(struct virtio *virtio, unsigned queue);
};

struct virtio
{
    struct device device;
    struct vm *vm;
    unsigned source; /* at the APLIC */
    const struct virtio_type *type;
    struct range backing; /* of a block device in memory: its content */
    struct drive *drive; /* of another block device */
    u32 status;
    u32 device_features_select;
    u32 driver_features_select;
    u64 driver_features;
    u32 queue_select;
    u32 interrupt_status;
    unsigned budget; /* chains that may still be taken: a driver that keeps adding some is not served for ever */
    struct virtqueue queues[VIRTIO_QUEUES_MAX];
};

struct segment
{
    u64 address;
    u32 length;
};

/* A chain of buffers: those for the device to read, then those to write. */
struct chain
{
    u16 head;
    unsigned readable_count;
    unsigned count;
    struct segment segments[CHAIN_MAX];
    u64 readable; /* bytes */
    u64 writable;
};

extern const struct virtio_type virtio_balloon;
extern const struct virtio_type virtio_block;
extern const struct virtio_type virtio_console;
extern const struct virtio_type virtio_network;
extern const struct virtio_type virtio_entropy;

void virtio_create(struct virtio *virtio, struct vm *vm, const struct virtio_type *type, unsigned source, struct range range);

/* A byte for the driver of a console. */
void virtio_console_receive(struct virtio *virtio, u8 byte);

/* Lets as many chains be taken as a queue can hold. For each reason to look at queues, other than a notification, once. */
void virtio_begin(struct virtio *virtio);

/* Takes the next chain; false if there is none, or if the driver broke the queue. */
bool virtio_take(struct virtio *virtio, unsigned queue, struct chain *chain);

/* Gives a chain back, with the number of bytes written to it. */
void virtio_give_back(struct virtio *virtio, unsigned queue, const struct chain *chain, u32 written);

/* Interrupts the driver, if it wants to hear of the queue. */
void virtio_interrupt(struct virtio *virtio, unsigned queue);

/* Tells the driver, if there is one, that configuration space has changed. */
void virtio_configuration_changed(struct virtio *virtio);

/* Copies out of the buffers to read, and into those to write, from a byte offset on; return false beyond their end or memory's. */
bool chain_read(struct virtio *virtio, const struct chain *chain, u64 offset, void *to, u64 size);
bool chain_write(struct virtio *virtio, const struct chain *chain, u64 offset, const void *from, u64 size);

#endif
