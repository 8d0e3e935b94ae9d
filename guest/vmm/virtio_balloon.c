/*
 * VirtIO 1.2, 5.5 "Traditional Memory Balloon Device". What the driver gives away is taken from the virtual machine at once, and is there again, as zeroes,
 * when it is touched: deflation needs nothing done. Of a confidential virtual machine only what it has shared can be taken.
 */
#include "balloon.h"

#include "memory.h"
#include "print.h"
#include "vm.h"

enum { INFLATE, DEFLATE, FIRST_OPTIONAL };

#define FEATURE_STATISTICS BIT(1)
#define FEATURE_DEFLATE_ON_OOM BIT(2)
#define FEATURE_REPORTING BIT(5)

/* Configuration space; nothing else of it has a meaning with these features. */
enum { TARGET = 0, ACTUAL = 4 };

/* Memory statistics. */
enum { TAG_FREE = 4, TAG_TOTAL = 5, STATISTIC_SIZE = 10, STATISTICS_MAX = 32 };

enum { BATCH = 256 }; /* pages that one fence is for */

#define PAGES_PER_MIB (MIB / PAGE_SIZE)

static u64 features(const struct virtio *virtio)
{
    return FEATURE_STATISTICS | FEATURE_DEFLATE_ON_OOM | (virtio->vm->description->balloon_reports ? FEATURE_REPORTING : 0);
}

static u8 configuration(const struct virtio *virtio, u64 offset)
{
    const struct balloon *balloon = &virtio->vm->balloon;
    u32 value = offset < ACTUAL ? balloon->target : offset < ACTUAL + sizeof value ? balloon->actual : 0;
    return (u8)(value >> 8 * (offset % sizeof value));
}

/* Where a queue is that has a feature to itself: Linux and QEMU leave no numbers out for those that are not there. 0: it is not. */
static unsigned statistics_queue(const struct virtio *virtio)
{
    return (virtio->driver_features & FEATURE_STATISTICS) != 0 ? FIRST_OPTIONAL : 0;
}

static unsigned reporting_queue(const struct virtio *virtio)
{
    return (virtio->driver_features & FEATURE_REPORTING) == 0 ? 0 : statistics_queue(virtio) != 0 ? FIRST_OPTIONAL + 1 : FIRST_OPTIONAL;
}

static void read_statistics(struct virtio *virtio, const struct chain *chain)
{
    struct balloon *balloon = &virtio->vm->balloon;
    for (unsigned i = 0; i < STATISTICS_MAX && (i + 1) * STATISTIC_SIZE <= chain->readable; i++)
    {
        u8 bytes[STATISTIC_SIZE];
        u16 tag;
        u64 value;
        if (!chain_read(virtio, chain, i * sizeof bytes, bytes, sizeof bytes))
            return;
        memcpy(&tag, bytes, sizeof tag);
        memcpy(&value, bytes + sizeof tag, sizeof value);
        if (tag == TAG_FREE)
            balloon->guest_free = value;
        else if (tag == TAG_TOTAL)
            balloon->guest_total = value;
    }
}

/* The driver has one buffer for statistics, which stays here until news are wanted. */
static void take_statistics(struct virtio *virtio, unsigned queue)
{
    struct balloon *balloon = &virtio->vm->balloon;
    struct chain chain;
    if (balloon->has_buffer || !virtio_take(virtio, queue, &chain))
        return;
    read_statistics(virtio, &chain);
    balloon->buffer = chain.head;
    balloon->has_buffer = true;
}

static void ask_for_statistics(struct virtio *virtio)
{
    struct balloon *balloon = &virtio->vm->balloon;
    unsigned queue = statistics_queue(virtio);
    if (queue == 0)
        return;
    take_statistics(virtio, queue); /* Linux offers its first before the device may look */
    if (!balloon->has_buffer)
        return;
    struct chain chain = { .head = balloon->buffer };
    balloon->has_buffer = false;
    virtio_give_back(virtio, queue, &chain, 0);
    virtio_interrupt(virtio, queue);
}

static void configure(struct virtio *virtio, u64 offset, u32 value)
{
    struct balloon *balloon = &virtio->vm->balloon;
    if (offset != ACTUAL)
        return;
    bool has_arrived = value == balloon->target && balloon->actual != value;
    balloon->actual = value;
    balloon->most = (u32)max_u64(balloon->most, value);
    if (has_arrived)
    {
        print("vm%u: its balloon holds %lu MiB; %lu MiB of the machine's memory are free", virtio->vm->index, value / PAGES_PER_MIB, memory_free_pages() / PAGES_PER_MIB);
        ask_for_statistics(virtio);
    }
}

static void reset(struct virtio *virtio)
{
    virtio->vm->balloon.actual = 0;
    virtio->vm->balloon.has_buffer = false;
}

static void inflate(struct vm *vm, const u32 *frames, unsigned count)
{
    struct range pages[BATCH];
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++)
        if (range_holds(vm->ram, frames[i] * PAGE_SIZE, PAGE_SIZE))
            pages[good++] = (struct range){ frames[i] * PAGE_SIZE, PAGE_SIZE };
    vm->balloon.inflated += good;
    vm->balloon.returned += vm->operations->take(vm, pages, good);
}

/* Page frame numbers, as many as there are pages at most. */
static void read_frames(struct virtio *virtio, unsigned queue, const struct chain *chain)
{
    struct vm *vm = virtio->vm;
    u64 size = align_down(min_u64(chain->readable, vm->ram.size / PAGE_SIZE * sizeof(u32)), sizeof(u32));
    for (u64 done = 0, part; done < size; done += part)
    {
        u32 frames[BATCH];
        part = min_u64(size - done, sizeof frames);
        if (!chain_read(virtio, chain, done, frames, part))
            return;
        if (queue == INFLATE)
            inflate(vm, frames, (unsigned)(part / sizeof *frames));
        else
            vm->balloon.deflated += part / sizeof *frames;
    }
}

/* Free page reporting: the buffers are the free memory. */
static void take_reported(struct vm *vm, const struct chain *chain)
{
    struct range ranges[CHAIN_MAX];
    unsigned count = 0;
    for (unsigned i = chain->readable_count; i < chain->count; i++)
    {
        struct range range = { align_up(chain->segments[i].address, PAGE_SIZE), 0 };
        u64 end = align_down(chain->segments[i].address + chain->segments[i].length, PAGE_SIZE);
        range.size = end > range.start ? end - range.start : 0;
        if (range.size == 0 || !range_holds(vm->ram, range.start, range.size))
            continue;
        vm->balloon.reported += range.size / PAGE_SIZE;
        ranges[count++] = range;
    }
    vm->balloon.returned += vm->operations->take(vm, ranges, count);
}

static void notify(struct virtio *virtio, unsigned queue)
{
    struct chain chain;
    bool any = false;
    if (queue >= FIRST_OPTIONAL && queue == statistics_queue(virtio))
    {
        take_statistics(virtio, queue);
        return;
    }
    if (queue >= FIRST_OPTIONAL && queue != reporting_queue(virtio))
        return;
    while (virtio_take(virtio, queue, &chain))
    {
        if (queue >= FIRST_OPTIONAL)
            take_reported(virtio->vm, &chain);
        else
            read_frames(virtio, queue, &chain);
        virtio_give_back(virtio, queue, &chain, 0);
        any = true;
    }
    if (any)
        virtio_interrupt(virtio, queue);
}

const struct virtio_type virtio_balloon = {
    .id = 5,
    .queues = FIRST_OPTIONAL + 2,
    .features = features,
    .configuration = configuration,
    .configure = configure,
    .reset = reset,
    .notify = notify,
};

void balloon_reset(struct vm *vm)
{
    struct balloon *balloon = &vm->balloon;
    balloon->start = now();
    balloon->step = 0;
    balloon->target = balloon->actual = 0;
    balloon->has_buffer = false;
}

bool balloon_is_pending(const struct vm *vm)
{
    return vm_state(vm) == VM_RUNNING && vm->balloon.step < vm->description->balloon_step_count;
}

void balloon_watch(struct vm *vm)
{
    struct balloon *balloon = &vm->balloon;
    for (; balloon_is_pending(vm); balloon->step++)
    {
        const struct balloon_step *step = &vm->description->balloon_steps[balloon->step];
        if (now() - balloon->start < milliseconds(step->seconds * 1000ul))
            return;
        balloon->target = (u32)(min_u64(step->size, vm->ram.size) / PAGE_SIZE);
        print("vm%u: its balloon is to hold %lu MiB; %lu MiB of the machine's memory are free", vm->index, balloon->target / PAGES_PER_MIB, memory_free_pages() / PAGES_PER_MIB);
        virtio_configuration_changed(balloon->device);
    }
}
