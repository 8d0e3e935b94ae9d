/* VirtIO 1.2, "Network Device", and the switch. */
#include "host_virtio.h"
#include "interrupts.h"
#include "lock.h"
#include "network.h"
#include "print.h"
#include "virtio.h"
#include "virtio_registers.h"
#include "vm.h"

enum { WAITING_MAX = 64, UPLINK = VMS_MAX };

/* 52:54:00:c0:fe:N, locally administered. */
static const u8 address_prefix[ADDRESS_SIZE - 1] = { 0x52, 0x54, 0x00, 0xC0, 0xFE };

/* A frame as VirtIO carries it. */
struct frame
{
    u8 header[NETWORK_HEADER_SIZE];
    u8 bytes[FRAME_MAX];
    u16 length; /* of bytes */
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

/* The machine's card: descriptor n of each queue is of frame n. */
static struct host_virtio card;
static u32 card_source;
static struct frame card_received[HOST_QUEUE_SIZE];
static struct frame card_sent[HOST_QUEUE_SIZE];
static u64 card_free; /* frames of card_sent, a bit for each */

static struct virtio *port_device(struct vm *vm)
{
    for (unsigned i = 0; i < vm->virtio_count; i++)
        if (vm->virtio[i].type == &virtio_network)
            return &vm->virtio[i];
    return NULL;
}

static u64 features(const struct virtio *virtio)
{
    (void)virtio;
    return NETWORK_FEATURE_MAC;
}

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    if (offset >= ADDRESS_SIZE)
        return 0;
    return offset < sizeof address_prefix ? address_prefix[offset] : (u8)virtio->vm->index;
}

static void send_out(const struct frame *frame)
{
    u32 length;
    for (int done; (done = host_queue_take(&card, NETWORK_TRANSMIT, &length)) >= 0;)
        card_free |= BIT(done);
    if (card_free == 0)
        return;
    unsigned slot = first_bit(card_free);
    card_free &= card_free - 1;
    memcpy(card_sent[slot].bytes, frame->bytes, frame->length);
    struct host_segment segment = { card_sent[slot].header, NETWORK_HEADER_SIZE + frame->length, false };
    host_queue_add(&card, NETWORK_TRANSMIT, (u16)slot, &segment, 1);
    host_virtio_notify(&card, NETWORK_TRANSMIT);
}

static void send_to(unsigned index, const struct frame *frame)
{
    struct port *port = &ports[index];
    if (port->head - port->tail == WAITING_MAX)
        return;
    struct frame *copy = &port->frames[port->head++ % WAITING_MAX];
    memcpy(copy->bytes, frame->bytes, frame->length);
    copy->length = frame->length;
    __atomic_or_fetch(&waiting, 1u << index, __ATOMIC_RELEASE);
}

/* To the port with the address, if it is a virtual machine's; otherwise to all but the sender's. With the switch's lock held. */
static void forward(unsigned sender, const struct frame *frame)
{
    bool is_known = memcmp(frame->bytes, address_prefix, sizeof address_prefix) == 0;
    for (unsigned i = 0; i < machine.vm_count; i++)
        if (i != sender && (!is_known || frame->bytes[sizeof address_prefix] == i))
            send_to(i, frame);
    if (!is_known && sender != UPLINK && card_source != 0)
        send_out(frame);
}

static void receive_all(struct virtio *virtio)
{
    struct port *port = &ports[virtio->vm->index];
    struct chain chain;
    bool any = false;
    lock_acquire(&switch_lock);
    while (port->head != port->tail && virtio_take(virtio, NETWORK_RECEIVE, &chain))
    {
        struct frame *frame = &port->frames[port->tail++ % WAITING_MAX];
        u32 size = NETWORK_HEADER_SIZE + frame->length;
        frame->header[10] = 1; /* num_buffers */
        virtio_give_back(virtio, NETWORK_RECEIVE, &chain, chain_write(virtio, &chain, 0, frame->header, size) ? size : 0);
        any = true;
    }
    lock_release(&switch_lock);
    if (any)
        virtio_interrupt(virtio, NETWORK_RECEIVE);
}

static void notify(struct virtio *virtio, unsigned queue)
{
    if (queue == NETWORK_RECEIVE)
    {
        receive_all(virtio);
        return;
    }
    struct chain chain;
    bool any = false;
    lock_acquire(&switch_lock);
    while (virtio_take(virtio, NETWORK_TRANSMIT, &chain))
    {
        struct frame frame;
        u64 length = chain.readable - NETWORK_HEADER_SIZE;
        if (chain.readable > NETWORK_HEADER_SIZE + 2 * ADDRESS_SIZE && length <= FRAME_MAX
            && chain_read(virtio, &chain, NETWORK_HEADER_SIZE, frame.bytes, length))
        {
            frame.length = (u16)length;
            forward(virtio->vm->index, &frame);
        }
        virtio_give_back(virtio, NETWORK_TRANSMIT, &chain, 0);
        any = true;
    }
    lock_release(&switch_lock);
    if (any)
        virtio_interrupt(virtio, NETWORK_TRANSMIT);
}

static void offer_to_card(unsigned slot)
{
    struct host_segment segment = { card_received[slot].header, NETWORK_HEADER_SIZE + FRAME_MAX, true };
    host_queue_add(&card, NETWORK_RECEIVE, (u16)slot, &segment, 1);
}

void network_start(u64 address, u32 source)
{
    if (!host_virtio_start(&card, address, 0, 2))
        fail("the network card at %lx does not start", address);
    card_source = source;
    card_free = ~0ul;
    _Static_assert(HOST_QUEUE_SIZE == 64, "card_free");
    for (unsigned slot = 0; slot < HOST_QUEUE_SIZE; slot++)
        offer_to_card(slot);
    host_virtio_notify(&card, NETWORK_RECEIVE);
}

bool network_is_useful(void)
{
    return machine.vm_count > 1 || card_source != 0;
}

void network_receive(u32 identity)
{
    if (identity == 0 || identity != card_source)
        return;
    lock_acquire(&switch_lock);
    host_virtio_acknowledge(&card);
    u32 length;
    for (int slot; (slot = host_queue_take(&card, NETWORK_RECEIVE, &length)) >= 0;)
    {
        struct frame *frame = &card_received[slot];
        if (length > NETWORK_HEADER_SIZE && length <= NETWORK_HEADER_SIZE + FRAME_MAX)
        {
            frame->length = (u16)(length - NETWORK_HEADER_SIZE);
            forward(UPLINK, frame);
        }
        offer_to_card((unsigned)slot);
    }
    host_virtio_notify(&card, NETWORK_RECEIVE);
    lock_release(&switch_lock);
    interrupts_rearm(card_source);
    network_deliver();
}

void network_deliver(void)
{
    if (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) == 0)
        return;
    for (u32 ready = __atomic_exchange_n(&waiting, 0, __ATOMIC_ACQ_REL); ready != 0; ready &= ready - 1)
    {
        struct vm *vm = &vms[first_bit(ready)];
        lock_acquire(&vm->lock);
        struct virtio *virtio = vm_state(vm) == VM_RUNNING ? port_device(vm) : NULL;
        if (virtio != NULL)
        {
            virtio_begin(virtio);
            receive_all(virtio);
        }
        lock_release(&vm->lock);
    }
}

void network_detach(struct vm *vm)
{
    lock_acquire(&switch_lock);
    ports[vm->index].tail = ports[vm->index].head;
    lock_release(&switch_lock);
}

const struct virtio_type virtio_network = { .id = 1, .queues = 2, .features = features, .configuration = configuration, .notify = notify };
