#include "aplic.h"

#include "vm.h"

enum
{
    DOMAINCFG = 0x0000,
    SOURCECFG = 0x0004,
    SETIP = 0x1C00,
    SETIPNUM = 0x1CDC,
    IN_CLRIP = 0x1D00,
    CLRIPNUM = 0x1DDC,
    SETIE = 0x1E00,
    SETIENUM = 0x1EDC,
    CLRIE = 0x1F00,
    CLRIENUM = 0x1FDC,
    SETIPNUM_LE = 0x2000,
    GENMSI = 0x3000,
    TARGET = 0x3004,
    IDC = 0x4000, /* from here on, a structure for each target of direct delivery */
};

enum { IDELIVERY = 0x00, IFORCE = 0x04, ITHRESHOLD = 0x08, TOPI = 0x18, CLAIMI = 0x1C, IDC_SIZE = 0x20 };

#define DOMAINCFG_FIXED 0x80000000u
#define DOMAINCFG_IE BIT(8)
#define DOMAINCFG_DM BIT(2)
#define SOURCES_MASK 0xFFFFFFFEu
#define TARGET_HART_SHIFT 18
#define TARGET_IDENTITY 0x7FFu
#define TARGET_PRIORITY 0xFFu
#define TOPI_SOURCE_SHIFT 16

enum { MODE_INACTIVE, MODE_DETACHED, MODE_EDGE1 = 4, MODE_EDGE0, MODE_LEVEL1, MODE_LEVEL0 };

static bool is_level(const struct aplic *aplic, unsigned source)
{
    return aplic->configuration[source] >= MODE_LEVEL1;
}

/* The wire as the source mode sees it. */
static bool rectified(const struct aplic *aplic, unsigned source)
{
    u32 mode = aplic->configuration[source];
    return mode >= MODE_EDGE1 && (aplic->wires >> source & 1) != (mode & 1);
}

static void send(struct aplic *aplic, u32 target)
{
    vm_message(aplic->vm, target >> TARGET_HART_SHIFT, target & TARGET_IDENTITY);
}

/* The most urgent source for a target, as topi has it; 0 if there is none. */
static u32 top(const struct aplic *aplic, unsigned target)
{
    u32 best = 0;
    u32 limit = aplic->targets[target].threshold != 0 ? aplic->targets[target].threshold : TARGET_PRIORITY + 1;
    for (u32 ready = aplic->pending & aplic->enabled_sources; ready != 0; ready &= ready - 1)
    {
        unsigned source = first_bit(ready);
        u32 priority = aplic->target[source] & TARGET_PRIORITY;
        if (aplic->target[source] >> TARGET_HART_SHIFT == target && priority < limit)
        {
            limit = priority; /* of equal ones, the lowest number */
            best = source << TOPI_SOURCE_SHIFT | priority;
        }
    }
    return best;
}

static u32 claim(struct aplic *aplic, unsigned target)
{
    u32 claimed = top(aplic, target);
    unsigned source = claimed >> TOPI_SOURCE_SHIFT;
    if (source == 0)
        aplic->targets[target].is_forced = false;
    else if (!is_level(aplic, source))
        aplic->pending &= ~(1u << source);
    return claimed;
}

static void deliver_directly(struct aplic *aplic)
{
    u32 asserted = 0;
    for (unsigned target = 0; target < aplic->vm->vcpu_count; target++)
        if (aplic->enabled && aplic->targets[target].is_delivering && (aplic->targets[target].is_forced || top(aplic, target) != 0))
            asserted |= 1u << target;
    u32 news = asserted & ~aplic->asserted;
    __atomic_store_n(&aplic->asserted, asserted, __ATOMIC_RELEASE);
    for (; news != 0; news &= news - 1)
        vm_message(aplic->vm, first_bit(news), 0);
}

static u64 read_target(struct aplic *aplic, unsigned target, u64 offset)
{
    switch (offset)
    {
        case IDELIVERY:
            return aplic->targets[target].is_delivering;
        case IFORCE:
            return aplic->targets[target].is_forced;
        case ITHRESHOLD:
            return aplic->targets[target].threshold;
        case TOPI:
            return top(aplic, target);
        case CLAIMI:
        {
            u32 claimed = claim(aplic, target);
            deliver_directly(aplic);
            return claimed;
        }
        default:
            return 0;
    }
}

static void write_target(struct aplic *aplic, unsigned target, u64 offset, u32 value)
{
    switch (offset)
    {
        case IDELIVERY:
            aplic->targets[target].is_delivering = (value & 1) != 0;
            break;
        case IFORCE:
            aplic->targets[target].is_forced = (value & 1) != 0;
            break;
        case ITHRESHOLD:
            aplic->targets[target].threshold = value & TARGET_PRIORITY;
            break;
    }
}

/* The target whose structure has a register at an offset; false if none has. */
static bool is_target(const struct aplic *aplic, u64 offset, unsigned *target)
{
    *target = (unsigned)((offset - IDC) / IDC_SIZE);
    return aplic->is_direct && offset >= IDC && *target < aplic->vm->vcpu_count;
}

static void deliver(struct aplic *aplic)
{
    if (aplic->is_direct)
    {
        deliver_directly(aplic);
        return;
    }
    if (!aplic->enabled)
        return;
    for (u32 ready = aplic->pending & aplic->enabled_sources; ready != 0; ready &= ready - 1)
        send(aplic, aplic->target[first_bit(ready)]);
    aplic->pending &= ~aplic->enabled_sources;
}

static void configure(struct aplic *aplic, unsigned source, u32 value)
{
    u32 mode = value & 7;
    aplic->configuration[source] = mode == MODE_DETACHED || mode >= MODE_EDGE1 ? mode : MODE_INACTIVE;
    if (aplic->configuration[source] == MODE_INACTIVE)
    {
        aplic->target[source] = 0;
        aplic->pending &= ~(1u << source);
        aplic->enabled_sources &= ~(1u << source);
    }
    else if (is_level(aplic, source) && rectified(aplic, source))
    {
        aplic->pending |= 1u << source;
    }
}

static u32 active(const struct aplic *aplic, u32 sources)
{
    for (u32 rest = sources &= SOURCES_MASK; rest != 0; rest &= rest - 1)
        if (aplic->configuration[first_bit(rest)] == MODE_INACTIVE)
            sources &= ~(rest & -rest);
    return sources;
}

/* A level-sensitive source becomes pending again only while its wire is asserted. */
static void set_pending(struct aplic *aplic, u32 sources)
{
    for (u32 rest = active(aplic, sources); rest != 0; rest &= rest - 1)
    {
        unsigned source = first_bit(rest);
        if (!is_level(aplic, source) || rectified(aplic, source))
            aplic->pending |= 1u << source;
    }
}

static u32 numbered(u64 number)
{
    return number <= APLIC_SOURCES ? 1u << number : 0;
}

static u64 aplic_read(struct device *device, u64 offset, unsigned size)
{
    struct aplic *aplic = (struct aplic *)device;
    if (size != 4)
        return 0;
    if (offset >= SOURCECFG && offset < SOURCECFG + 4 * APLIC_SOURCES)
        return aplic->configuration[offset / 4];
    if (offset >= TARGET && offset < TARGET + 4 * APLIC_SOURCES)
        return aplic->target[(offset - GENMSI) / 4];
    unsigned idc;
    if (is_target(aplic, offset, &idc))
        return read_target(aplic, idc, offset % IDC_SIZE);
    switch (offset)
    {
        case DOMAINCFG:
            return DOMAINCFG_FIXED | (aplic->enabled ? DOMAINCFG_IE : 0) | (aplic->is_direct ? 0 : DOMAINCFG_DM);
        case SETIP:
            return aplic->pending;
        case IN_CLRIP:
        {
            u32 inputs = 0;
            for (unsigned source = 1; source <= APLIC_SOURCES; source++)
                inputs |= rectified(aplic, source) ? 1u << source : 0;
            return inputs;
        }
        case SETIE:
            return aplic->enabled_sources;
        default:
            return 0;
    }
}

/* A priority of 0 means 1. */
static u32 direct_target(u32 value)
{
    u32 priority = value & TARGET_PRIORITY;
    return (value & ~0u << TARGET_HART_SHIFT) | (priority == 0 ? 1 : priority);
}

static void aplic_write(struct device *device, u64 offset, unsigned size, u64 value)
{
    struct aplic *aplic = (struct aplic *)device;
    if (size != 4)
        return;
    if (offset >= SOURCECFG && offset < SOURCECFG + 4 * APLIC_SOURCES)
    {
        configure(aplic, (unsigned)offset / 4, (u32)value);
    }
    else if (offset >= TARGET && offset < TARGET + 4 * APLIC_SOURCES)
    {
        unsigned source = (unsigned)(offset - GENMSI) / 4;
        if (aplic->configuration[source] != MODE_INACTIVE)
            aplic->target[source] = aplic->is_direct ? direct_target((u32)value) : (u32)value & (~0u << TARGET_HART_SHIFT | TARGET_IDENTITY);
    }
    unsigned idc;
    if (is_target(aplic, offset, &idc))
        write_target(aplic, idc, offset % IDC_SIZE, (u32)value);
    switch (offset)
    {
        case DOMAINCFG:
            aplic->enabled = (value & DOMAINCFG_IE) != 0;
            break;
        case SETIP:
            set_pending(aplic, (u32)value);
            break;
        case SETIPNUM:
        case SETIPNUM_LE:
            set_pending(aplic, numbered(value));
            break;
        case IN_CLRIP:
            aplic->pending &= ~active(aplic, (u32)value);
            break;
        case CLRIPNUM:
            aplic->pending &= ~active(aplic, numbered(value));
            break;
        case SETIE:
            aplic->enabled_sources |= active(aplic, (u32)value);
            break;
        case SETIENUM:
            aplic->enabled_sources |= active(aplic, numbered(value));
            break;
        case CLRIE:
            aplic->enabled_sources &= ~active(aplic, (u32)value);
            break;
        case CLRIENUM:
            aplic->enabled_sources &= ~active(aplic, numbered(value));
            break;
        case GENMSI:
            if (!aplic->is_direct)
                send(aplic, (u32)value);
            break;
    }
    deliver(aplic);
}

void aplic_reset(struct aplic *aplic, struct vm *vm, struct range range, bool is_direct)
{
    *aplic = (struct aplic){ .device = { range, aplic_read, aplic_write }, .vm = vm, .is_direct = is_direct };
}

void aplic_set(struct aplic *aplic, unsigned source, bool level)
{
    bool before = rectified(aplic, source);
    aplic->wires = level ? aplic->wires | 1u << source : aplic->wires & ~(1u << source);
    bool after = rectified(aplic, source);
    if (after && !before)
        aplic->pending |= 1u << source;
    else if (!after && is_level(aplic, source))
        aplic->pending &= ~(1u << source);
    deliver(aplic);
}
