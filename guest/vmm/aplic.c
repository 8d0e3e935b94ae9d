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
};

#define DOMAINCFG_FIXED 0x80000000u
#define DOMAINCFG_IE BIT(8)
#define DOMAINCFG_DM BIT(2)
#define SOURCES_MASK 0xFFFFFFFEu
#define TARGET_HART_SHIFT 18
#define TARGET_IDENTITY 0x7FFu

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

static void deliver(struct aplic *aplic)
{
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
    switch (offset)
    {
        case DOMAINCFG:
            return DOMAINCFG_FIXED | (aplic->enabled ? DOMAINCFG_IE : 0) | DOMAINCFG_DM;
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
            aplic->target[source] = (u32)value & (~0u << TARGET_HART_SHIFT | TARGET_IDENTITY);
    }
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
            send(aplic, (u32)value);
            break;
    }
    deliver(aplic);
}

void aplic_reset(struct aplic *aplic, struct vm *vm, struct range range)
{
    *aplic = (struct aplic){ .device = { range, aplic_read, aplic_write }, .vm = vm };
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
