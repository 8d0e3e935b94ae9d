#include "host_virtio.h"

#include "memory.h"
#include "riscv.h"
#include "virtio_registers.h"

struct host_descriptor
{
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
};

struct host_available
{
    u16 flags;
    u16 index;
    u16 ring[HOST_QUEUE_SIZE];
};

struct host_used
{
    u16 flags;
    volatile u16 index;
    struct
    {
        u32 id;
        u32 length;
    } ring[HOST_QUEUE_SIZE];
};

static u32 read(const struct host_virtio *device, u32 offset)
{
    return device->registers[offset / 4];
}

static void write(struct host_virtio *device, u32 offset, u64 value)
{
    device->registers[offset / 4] = (u32)value;
}

u32 host_virtio_id(u64 address)
{
    struct host_virtio device = { .registers = (volatile u32 *)address };
    return read(&device, MAGIC_VALUE) == VIRTIO_MAGIC && read(&device, VERSION) == VIRTIO_MMIO_VERSION ? read(&device, DEVICE_ID) : 0;
}

static u32 offered(const struct host_virtio *device, u32 half)
{
    device->registers[DEVICE_FEATURES_SELECT / 4] = half;
    return read(device, DEVICE_FEATURES);
}

static void accept(struct host_virtio *device, u64 features)
{
    for (u32 half = 0; half < 2; half++)
    {
        write(device, DRIVER_FEATURES_SELECT, half);
        write(device, DRIVER_FEATURES, features >> 32 * half);
    }
}

/* The three parts of a queue share a page. */
static bool start_queue(struct host_virtio *device, unsigned number)
{
    _Static_assert(HOST_QUEUE_SIZE * sizeof(struct host_descriptor) + sizeof(struct host_available) + 4 + sizeof(struct host_used) <= PAGE_SIZE, "page");
    u8 *page = memory_allocate(0);
    write(device, QUEUE_SELECT, number);
    if (page == NULL || read(device, QUEUE_SIZE_MAX) < HOST_QUEUE_SIZE)
        return false;
    memset(page, 0, PAGE_SIZE);
    struct host_queue *queue = &device->queues[number];
    queue->descriptors = (struct host_descriptor *)page;
    queue->available = (struct host_available *)(queue->descriptors + HOST_QUEUE_SIZE);
    queue->used = (struct host_used *)align_up((u64)(queue->available + 1), 4);
    queue->next_used = 0;
    write(device, QUEUE_SIZE, HOST_QUEUE_SIZE);
    u64 addresses[] = { (u64)queue->descriptors, (u64)queue->available, (u64)queue->used };
    static const u32 registers[] = { QUEUE_DESC_LOW, QUEUE_DRIVER_LOW, QUEUE_DEVICE_LOW };
    for (unsigned i = 0; i < COUNT_OF(registers); i++)
    {
        write(device, registers[i], addresses[i]);
        write(device, registers[i] + 4, addresses[i] >> 32);
    }
    write(device, QUEUE_READY, 1);
    return true;
}

bool host_virtio_start(struct host_virtio *device, u64 address, u64 features, unsigned queues)
{
    device->registers = (volatile u32 *)address;
    write(device, STATUS, 0);
    write(device, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    u64 all = (u64)offered(device, 1) << 32 | offered(device, 0);
    accept(device, all & (features | FEATURE_VERSION_1));
    write(device, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    if ((read(device, STATUS) & STATUS_FEATURES_OK) == 0)
        return false;
    for (unsigned i = 0; i < queues; i++)
        if (!start_queue(device, i))
            return false;
    write(device, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    return true;
}

u8 host_virtio_configuration(const struct host_virtio *device, u32 offset)
{
    return ((volatile const u8 *)device->registers)[CONFIGURATION + offset];
}

bool host_virtio_has(const struct host_virtio *device, unsigned feature)
{
    return (offered(device, 0) >> feature & 1) != 0;
}

void host_queue_add(struct host_virtio *device, unsigned number, u16 first, const struct host_segment *segments, unsigned count)
{
    struct host_queue *queue = &device->queues[number];
    for (unsigned i = 0; i < count; i++)
    {
        queue->descriptors[first + i] = (struct host_descriptor){
            .address = (u64)segments[i].at,
            .length = segments[i].length,
            .flags = (segments[i].is_writable ? DESCRIPTOR_WRITE : 0) | (i + 1 < count ? DESCRIPTOR_NEXT : 0),
            .next = (u16)(first + i + 1),
        };
    }
    queue->available->ring[queue->available->index % HOST_QUEUE_SIZE] = first;
    fence();
    queue->available->index++;
    fence();
}

void host_virtio_notify(struct host_virtio *device, unsigned queue)
{
    write(device, QUEUE_NOTIFY, queue);
}

int host_queue_take(struct host_virtio *device, unsigned number, u32 *length)
{
    struct host_queue *queue = &device->queues[number];
    if (queue->used->index == queue->next_used)
        return -1;
    fence();
    unsigned at = queue->next_used++ % HOST_QUEUE_SIZE;
    *length = queue->used->ring[at].length;
    return (int)(queue->used->ring[at].id % HOST_QUEUE_SIZE);
}

void host_virtio_acknowledge(struct host_virtio *device)
{
    write(device, INTERRUPT_ACK, read(device, INTERRUPT_STATUS));
}
