#include "virtio.h"

#include "print.h"
#include "riscv.h"
#include "virtio_registers.h"
#include "vm.h"

#define VENDOR 0x56764A43u /* "CJvV" */

struct descriptor
{
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
};

/* In a confidential virtual machine addresses are not simply those of memory: the driver has to ask its platform. */
static u64 platform_feature(const struct virtio *virtio)
{
    return virtio->vm->description->kind == VM_CONFIDENTIAL ? FEATURE_ACCESS_PLATFORM : 0;
}

static u64 features(const struct virtio *virtio)
{
    return virtio->type->features(virtio) | FEATURE_VERSION_1 | platform_feature(virtio);
}

static void drive(struct virtio *virtio)
{
    aplic_set(&virtio->vm->aplic, virtio->source, virtio->interrupt_status != 0);
}

static void reset(struct virtio *virtio)
{
    virtio->status = 0;
    virtio->driver_features = 0;
    virtio->interrupt_status = 0;
    memset(virtio->queues, 0, sizeof virtio->queues);
    if (virtio->type->reset != NULL)
        virtio->type->reset(virtio);
    drive(virtio);
}

/* Without the platform's feature a driver would have its queues in private memory: it is told so at once, and by name. */
static u32 checked_status(struct virtio *virtio, u32 status)
{
    if ((status & STATUS_FEATURES_OK) == 0 || (platform_feature(virtio) & ~virtio->driver_features) == 0)
        return status;
    if (!virtio->vm->tvm.has_complained)
        print("vm%u: the driver of its VirtIO device of type %u does not accept ACCESS_PLATFORM, and so would keep its queues in private memory: it gets no device",
            virtio->vm->index, virtio->type->id);
    virtio->vm->tvm.has_complained = true;
    return status & ~STATUS_FEATURES_OK;
}

/* The driver did what drivers must not do: nothing more is done for it before it resets the device. */
static void break_off(struct virtio *virtio)
{
    virtio->status |= STATUS_NEEDS_RESET;
    virtio->interrupt_status |= INTERRUPT_CONFIGURATION;
    drive(virtio);
}

static struct virtqueue *selected(struct virtio *virtio)
{
    return virtio->queue_select < virtio->type->queues ? &virtio->queues[virtio->queue_select] : NULL;
}

static u64 virtio_read(struct device *device, u64 offset, unsigned size)
{
    struct virtio *virtio = (struct virtio *)device;
    const struct virtqueue *queue = selected(virtio);
    if (offset >= CONFIGURATION)
    {
        u64 value = 0;
        for (unsigned i = 0; i < size; i++)
            value |= (u64)virtio->type->configuration(virtio, offset - CONFIGURATION + i) << 8 * i;
        return value;
    }
    if (size != 4)
        return 0;
    switch (offset)
    {
        case MAGIC_VALUE:
            return VIRTIO_MAGIC;
        case VERSION:
            return VIRTIO_MMIO_VERSION;
        case DEVICE_ID:
            return virtio->type->id;
        case VENDOR_ID:
            return VENDOR;
        case DEVICE_FEATURES:
            return virtio->device_features_select < 2 ? (u32)(features(virtio) >> 32 * virtio->device_features_select) : 0;
        case QUEUE_SIZE_MAX:
            return queue != NULL ? VIRTIO_QUEUE_SIZE : 0;
        case QUEUE_READY:
            return queue != NULL && queue->ready;
        case INTERRUPT_STATUS:
            return virtio->interrupt_status;
        case STATUS:
            return virtio->status;
        default:
            return 0;
    }
}

static void set_low(u64 *address, u64 value)
{
    *address = (*address & ~0xFFFFFFFFul) | (u32)value;
}

static void set_high(u64 *address, u64 value)
{
    *address = (u32)*address | value << 32;
}

static void write_queue(struct virtio *virtio, u64 offset, u64 value)
{
    struct virtqueue *queue = selected(virtio);
    if (queue == NULL || (queue->ready && offset != QUEUE_READY))
        return;
    switch (offset)
    {
        case QUEUE_SIZE:
            queue->size = value <= VIRTIO_QUEUE_SIZE && (value & (value - 1)) == 0 ? (u32)value : 0;
            break;
        case QUEUE_READY:
            queue->ready = (value & 1) != 0 && queue->size != 0;
            queue->next_available = queue->next_used = 0;
            break;
        case QUEUE_DESC_LOW:
            set_low(&queue->descriptors, value);
            break;
        case QUEUE_DESC_HIGH:
            set_high(&queue->descriptors, value);
            break;
        case QUEUE_DRIVER_LOW:
            set_low(&queue->available, value);
            break;
        case QUEUE_DRIVER_HIGH:
            set_high(&queue->available, value);
            break;
        case QUEUE_DEVICE_LOW:
            set_low(&queue->used, value);
            break;
        case QUEUE_DEVICE_HIGH:
            set_high(&queue->used, value);
            break;
    }
}

static void virtio_write(struct device *device, u64 offset, unsigned size, u64 value)
{
    struct virtio *virtio = (struct virtio *)device;
    if (size != 4)
        return;
    if (offset >= CONFIGURATION)
    {
        if (virtio->type->configure != NULL)
            virtio->type->configure(virtio, offset - CONFIGURATION, (u32)value);
        return;
    }
    switch (offset)
    {
        case DEVICE_FEATURES_SELECT:
            virtio->device_features_select = (u32)value;
            break;
        case DRIVER_FEATURES:
            if (virtio->driver_features_select == 0)
                set_low(&virtio->driver_features, value & features(virtio));
            else if (virtio->driver_features_select == 1)
                set_high(&virtio->driver_features, value & features(virtio) >> 32);
            break;
        case DRIVER_FEATURES_SELECT:
            virtio->driver_features_select = (u32)value;
            break;
        case QUEUE_SELECT:
            virtio->queue_select = (u32)value;
            break;
        case QUEUE_NOTIFY:
            if (value < virtio->type->queues)
            {
                virtio_begin(virtio);
                virtio->type->notify(virtio, (unsigned)value);
            }
            break;
        case INTERRUPT_ACK:
            virtio->interrupt_status &= ~(u32)value;
            drive(virtio);
            break;
        case STATUS:
            if (value == 0)
                reset(virtio);
            else
                virtio->status = checked_status(virtio, (u32)value) | (virtio->status & STATUS_NEEDS_RESET);
            break;
        default:
            write_queue(virtio, offset, value);
            break;
    }
}

void virtio_create(struct virtio *virtio, struct vm *vm, const struct virtio_type *type, unsigned source, struct range range)
{
    *virtio = (struct virtio){ .device = { range, virtio_read, virtio_write }, .vm = vm, .type = type, .source = source };
}

static bool is_live(const struct virtio *virtio, const struct virtqueue *queue)
{
    return queue->ready && (virtio->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}

/* Follows a chain; false if it is longer than anything can be, or a buffer to read comes after one to write. */
static bool collect(struct virtio *virtio, const struct virtqueue *queue, struct chain *chain)
{
    u16 index = chain->head;
    for (;;)
    {
        struct descriptor descriptor;
        if (index >= queue->size || chain->count == CHAIN_MAX
            || !vm_read(virtio->vm, queue->descriptors + index * sizeof descriptor, &descriptor, sizeof descriptor))
            return false;
        bool is_writable = (descriptor.flags & DESCRIPTOR_WRITE) != 0;
        if (!is_writable && chain->count != chain->readable_count)
            return false;
        chain->segments[chain->count++] = (struct segment){ descriptor.address, descriptor.length };
        chain->readable_count += !is_writable;
        *(is_writable ? &chain->writable : &chain->readable) += descriptor.length;
        if ((descriptor.flags & DESCRIPTOR_NEXT) == 0)
            return true;
        index = descriptor.next;
    }
}

void virtio_begin(struct virtio *virtio)
{
    virtio->budget = VIRTIO_QUEUE_SIZE;
}

bool virtio_take(struct virtio *virtio, unsigned number, struct chain *chain)
{
    struct virtqueue *queue = &virtio->queues[number];
    u16 index;
    if (virtio->budget == 0 || !is_live(virtio, queue))
        return false;
    if (!vm_read(virtio->vm, queue->available + 2, &index, sizeof index))
    {
        break_off(virtio);
        return false;
    }
    if (index == queue->next_available)
        return false;
    fence();
    chain->count = chain->readable_count = 0;
    chain->readable = chain->writable = 0;
    if (!vm_read(virtio->vm, queue->available + 4 + 2ul * (queue->next_available % queue->size), &chain->head, sizeof chain->head)
        || !collect(virtio, queue, chain))
    {
        break_off(virtio);
        return false;
    }
    queue->next_available++;
    virtio->budget--;
    return true;
}

void virtio_give_back(struct virtio *virtio, unsigned number, const struct chain *chain, u32 written)
{
    struct virtqueue *queue = &virtio->queues[number];
    u32 element[2] = { chain->head, written };
    if (!vm_write(virtio->vm, queue->used + 4 + 8ul * (queue->next_used % queue->size), element, sizeof element))
    {
        break_off(virtio);
        return;
    }
    fence();
    queue->next_used++;
    vm_write(virtio->vm, queue->used + 2, &queue->next_used, sizeof queue->next_used);
}

void virtio_interrupt(struct virtio *virtio, unsigned number)
{
    u16 flags = 0;
    fence();
    if (!is_live(virtio, &virtio->queues[number]) || !vm_read(virtio->vm, virtio->queues[number].available, &flags, sizeof flags))
        return;
    if ((flags & AVAILABLE_NO_INTERRUPT) != 0)
        return;
    virtio->interrupt_status |= INTERRUPT_USED;
    drive(virtio);
}

void virtio_configuration_changed(struct virtio *virtio)
{
    if ((virtio->status & STATUS_DRIVER_OK) == 0)
        return;
    virtio->interrupt_status |= INTERRUPT_CONFIGURATION;
    drive(virtio);
}

static bool copy(struct virtio *virtio, const struct segment *segments, unsigned count, u64 offset, u8 *buffer, u64 size, bool is_write)
{
    for (unsigned i = 0; i < count && size != 0; i++)
    {
        u64 length = segments[i].length;
        if (offset >= length)
        {
            offset -= length;
            continue;
        }
        u64 part = min_u64(length - offset, size);
        u64 guest = segments[i].address + offset;
        if (is_write ? !vm_write(virtio->vm, guest, buffer, part) : !vm_read(virtio->vm, guest, buffer, part))
            return false;
        buffer += part;
        size -= part;
        offset = 0;
    }
    return size == 0;
}

bool chain_read(struct virtio *virtio, const struct chain *chain, u64 offset, void *to, u64 size)
{
    return copy(virtio, chain->segments, chain->readable_count, offset, to, size, false);
}

bool chain_write(struct virtio *virtio, const struct chain *chain, u64 offset, const void *from, u64 size)
{
    return copy(virtio, chain->segments + chain->readable_count, chain->count - chain->readable_count, offset, (u8 *)from, size, true);
}
