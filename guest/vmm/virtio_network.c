/* VirtIO 1.2, "Network Device": each virtual machine has a port of one switch. */
#include "lock.h"
#include "virtio.h"
#include "vm.h"

enum { RECEIVE, TRANSMIT };
enum { FRAME_MAX = 1514, HEADER_SIZE = 12, ADDRESS_SIZE = 6, WAITING_MAX = 64 };

#define FEATURE_MAC BIT(5)

/* 52:54:00:c0:fe:N, locally administered. */
static const u8 address_prefix[ADDRESS_SIZE - 1] = { 0x52, 0x54, 0x00, 0xC0, 0xFE };

struct frame
{
    u32 length;
    u8 bytes[FRAME_MAX];
};

/* Frames on their way to a virtual machine. Those that find no room are lost, as on any wire. */
struct port
{
    struct frame frames[WAITING_MAX];
    u32 head;
    u32 tail;
};

static struct lock switch_lock; /* taken with a virtual machine's lock held, never the other way round */
static struct port ports[VMS_MAX];
static u32 waiting; /* a bit for each port with frames; atomic */

static struct virtio *port_device(struct vm *vm)
{
    for (unsigned i = 0; i < vm->virtio_count; i++)
        if (vm->virtio[i].type == &virtio_network)
            return &vm->virtio[i];
    return NULL;
}

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    if (offset >= ADDRESS_SIZE)
        return 0;
    return offset < sizeof address_prefix ? address_prefix[offset] : (u8)virtio->vm->index;
}

static void forward_to(unsigned index, const struct frame *frame)
{
    struct port *port = &ports[index];
    if (port->head - port->tail == WAITING_MAX)
        return;
    memcpy(&port->frames[port->head++ % WAITING_MAX], frame, offsetof(struct frame, bytes) + frame->length);
    __atomic_or_fetch(&waiting, 1u << index, __ATOMIC_RELEASE);
}

/* To the port with the address, if it is one of the switch's; otherwise to all but the sender's. */
static void forward(unsigned sender, const struct frame *frame)
{
    bool is_known = memcmp(frame->bytes, address_prefix, sizeof address_prefix) == 0;
    lock_acquire(&switch_lock);
    for (unsigned i = 0; i < machine.vm_count; i++)
        if (i != sender && (!is_known || frame->bytes[sizeof address_prefix] == i))
            forward_to(i, frame);
    lock_release(&switch_lock);
}

static void receive_all(struct virtio *virtio)
{
    struct port *port = &ports[virtio->vm->index];
    struct chain chain;
    bool any = false;
    lock_acquire(&switch_lock);
    while (port->head != port->tail && virtio_take(virtio, RECEIVE, &chain))
    {
        static const u8 header[HEADER_SIZE] = { [10] = 1 }; /* num_buffers */
        const struct frame *frame = &port->frames[port->tail++ % WAITING_MAX];
        bool fits = chain_write(virtio, &chain, 0, header, sizeof header) && chain_write(virtio, &chain, sizeof header, frame->bytes, frame->length);
        virtio_give_back(virtio, RECEIVE, &chain, fits ? (u32)sizeof header + frame->length : 0);
        any = true;
    }
    lock_release(&switch_lock);
    if (any)
        virtio_interrupt(virtio, RECEIVE);
}

static void notify(struct virtio *virtio, unsigned queue)
{
    if (queue == RECEIVE)
    {
        receive_all(virtio);
        return;
    }
    struct chain chain;
    bool any = false;
    while (virtio_take(virtio, TRANSMIT, &chain))
    {
        struct frame frame = { .length = 0 };
        u64 length = chain.readable - HEADER_SIZE;
        if (chain.readable > HEADER_SIZE + 2 * ADDRESS_SIZE && length <= FRAME_MAX && chain_read(virtio, &chain, HEADER_SIZE, frame.bytes, length))
        {
            frame.length = (u32)length;
            forward(virtio->vm->index, &frame);
        }
        virtio_give_back(virtio, TRANSMIT, &chain, 0);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, TRANSMIT);
}

void network_deliver(void)
{
    u32 ready = __atomic_load_n(&waiting, __ATOMIC_ACQUIRE);
    if (ready == 0)
        return;
    ready = __atomic_exchange_n(&waiting, 0, __ATOMIC_ACQ_REL);
    for (; ready != 0; ready &= ready - 1)
    {
        struct vm *vm = &vms[first_bit(ready)];
        lock_acquire(&vm->lock);
        struct virtio *virtio = vm_state(vm) == VM_RUNNING ? port_device(vm) : NULL;
        if (virtio != NULL)
            receive_all(virtio);
        lock_release(&vm->lock);
    }
}

void network_detach(struct vm *vm)
{
    lock_acquire(&switch_lock);
    ports[vm->index].tail = ports[vm->index].head;
    lock_release(&switch_lock);
}

const struct virtio_type virtio_network = { .id = 1, .features = FEATURE_MAC, .queues = 2, .configuration = configuration, .notify = notify };
