#include "passthrough.h"

#include "iommu.h"
#include "layout.h"
#include "print.h"
#include "vm.h"

#define ONES 0xFFFFFFFFu
#define COMMAND_WRITABLE (PCIE_COMMAND_MEMORY | PCIE_COMMAND_MASTER | PCIE_COMMAND_NO_WIRE)
#define HEADER_TYPE 0x007F0000u
#define MSIX_WRITABLE 0xC0000000u /* enable, and mask of all */
#define MSI_WRITABLE 0x00710000u /* enable, and how many */
#define EXPRESS_TYPE 0x00F00000u
#define EXPRESS_TYPE_INTEGRATED 0x00900000u
#define EXPRESS_TEE_IO BIT(30)

#define MSI_64 BIT(23) /* addresses of 64 bits */
#define MSI_MASKS BIT(24) /* a mask and a pending bit for each message */

enum { TAMPER_MILLISECONDS = 2000 };
enum { FUNCTIONS_PER_DEVICE = 8, MSIX_SIZE = 12, MSI_SIZE = 10, MSI_64_SIZE = 4, MSI_MASKS_SIZE = 10 };

static bool is_kept(u32 header)
{
    switch (header & 0xFF)
    {
        case PCIE_MSI:
        case PCIE_MSIX:
        case PCIE_EXPRESS:
        case PCIE_VENDOR: /* where VirtIO says what its memory holds */
            return true;
        default:
            return false;
    }
}

static unsigned size_of(u32 header)
{
    switch (header & 0xFF)
    {
        case PCIE_MSI:
            return MSI_SIZE + ((header & MSI_64) != 0 ? MSI_64_SIZE : 0) + ((header & MSI_MASKS) != 0 ? MSI_MASKS_SIZE : 0);
        case PCIE_MSIX:
            return MSIX_SIZE;
        case PCIE_VENDOR:
            return header >> 16 & 0xFF;
        default:
            return EXPRESS_SIZE;
    }
}

/* The next capability that the virtual machine sees. */
static unsigned next_kept(const struct pcie_function *function, unsigned at)
{
    for (unsigned n = 0; n < MOST_CAPABILITIES && (at = pcie_next_capability(function, at)) != 0; n++)
        if (is_kept(pcie_read(function, at)))
            return at;
    return 0;
}

/* The capability that a register belongs to; 0 if none that the virtual machine sees. */
static unsigned capability_of(const struct pcie_function *function, unsigned offset)
{
    unsigned at = PCIE_CAPABILITIES;
    for (unsigned n = 0; n < MOST_CAPABILITIES && (at = next_kept(function, at)) != 0; n++)
        if (offset - at < size_of(pcie_read(function, at)))
            return at;
    return 0;
}

static u32 read_express(const struct passed *passed, u32 value, unsigned offset)
{
    if (offset == 0)
        return (value & ~EXPRESS_TYPE) | EXPRESS_TYPE_INTEGRATED; /* it has no port above it */
    if (offset == EXPRESS_DEVICE_CAPABILITIES)
        return value & ~(EXPRESS_TEE_IO | (passed->is_locked ? EXPRESS_CAN_RESET : 0));
    return (offset >= EXPRESS_LINK && offset < EXPRESS_DEVICE_2) || offset >= EXPRESS_LINK_2 ? 0 : value;
}

/* A register of 32 bits. What is not named here reads as zero: extended capabilities among others, and the pin of a wire that leads nowhere. */
static u32 read_register(const struct passed *passed, unsigned offset)
{
    const struct pcie_function *function = passed->function;
    if (offset >= PCIE_BAR0 && offset < PCIE_BAR0 + 4 * PCIE_BARS)
        return passed->bars[(offset - PCIE_BAR0) / 4];
    switch (offset)
    {
        case PCIE_ID:
        case PCIE_ID + 8: /* class and revision */
        case PCIE_SUBSYSTEM:
            return pcie_read(function, offset);
        case PCIE_COMMAND:
            return passed->command | PCIE_STATUS_CAPABILITIES;
        case PCIE_CACHE_LINE:
            return pcie_read(function, offset) & HEADER_TYPE;
        case PCIE_CAPABILITIES:
            return next_kept(function, PCIE_CAPABILITIES);
    }
    unsigned capability = offset < PCIE_EXTENDED ? capability_of(function, offset) : 0;
    if (capability == 0)
        return 0;
    u32 value = pcie_read(function, offset);
    if (capability == function->express)
        value = read_express(passed, value, offset - capability);
    return offset == capability ? (value & 0xFFFF00FF) | next_kept(function, capability) << 8 : value;
}

static void write_capability(struct passed *passed, unsigned capability, unsigned offset, u32 value)
{
    const struct pcie_function *function = passed->function;
    u32 old = pcie_read(function, offset);
    switch (pcie_read(function, capability) & 0xFF)
    {
        case PCIE_MSIX:
            if (offset == capability)
                pcie_write(function, offset, (old & ~MSIX_WRITABLE) | (value & MSIX_WRITABLE));
            break;
        case PCIE_MSI: /* where messages go is looked up by the IOMMU, as for any other write */
            pcie_write(function, offset, offset == capability ? (old & ~MSI_WRITABLE) | (value & MSI_WRITABLE) : value);
            break;
        case PCIE_VENDOR: /* the device's own affair */
            if (!passed->is_locked)
                pcie_write(function, offset, value);
            break;
        case PCIE_EXPRESS: /* payloads and the like are between the machine's ports and functions */
            if (offset == capability + EXPRESS_DEVICE_CONTROL && (value & EXPRESS_RESET) != 0 && !passed->is_locked)
            {
                pcie_reset(function);
                passed->command = 0;
            }
            break;
    }
}

/* A register of 32 bits. What is not named here cannot be written. */
static void write_register(struct passed *passed, unsigned offset, u32 value)
{
    const struct pcie_function *function = passed->function;
    if (offset >= PCIE_BAR0 && offset < PCIE_BAR0 + 4 * PCIE_BARS)
    {
        unsigned index = (offset - PCIE_BAR0) / 4;
        bool upper = index > 0 && passed->guest[index - 1].size != 0 && (function->bars[index - 1].flags & BAR_64) != 0;
        u64 size = passed->guest[upper ? index - 1 : index].size;
        if (size != 0)
            passed->bars[index] = upper ? value & (u32)(-size >> 32) : (value & (u32)-size) | function->bars[index].flags;
        return;
    }
    if (offset == PCIE_COMMAND)
    {
        passed->command = value & COMMAND_WRITABLE;
        if ((passed->command & PCIE_COMMAND_MASTER) == 0)
            passed->driven = 0;
        else if (passed->driven == 0)
            passed->driven = now();
        if (!passed->is_locked)
            pcie_set_master(function, (passed->command & PCIE_COMMAND_MASTER) != 0);
        return;
    }
    unsigned capability = offset < PCIE_EXTENDED ? capability_of(function, offset) : 0;
    if (capability != 0)
        write_capability(passed, capability, offset, value);
}

static struct passed *find(struct passthrough *passthrough, u64 offset, unsigned size)
{
    u64 number = offset / PCIE_CONFIG_SIZE;
    bool valid = size <= sizeof(u32) && offset % size == 0 && number % FUNCTIONS_PER_DEVICE == 0 && number / FUNCTIONS_PER_DEVICE < passthrough->count;
    return valid ? &passthrough->functions[number / FUNCTIONS_PER_DEVICE] : NULL;
}

static u64 passthrough_read(struct device *device, u64 offset, unsigned size)
{
    const struct passed *passed = find((struct passthrough *)device, offset, size);
    return passed == NULL || passed->is_gone ? ~0ul : read_register(passed, offset % PCIE_CONFIG_SIZE & ~3u) >> 8 * (offset % 4);
}

static void passthrough_write(struct device *device, u64 offset, unsigned size, u64 value)
{
    struct passed *passed = find((struct passthrough *)device, offset, size);
    if (passed == NULL || passed->is_gone)
        return;
    unsigned at = offset % PCIE_CONFIG_SIZE & ~3u;
    unsigned shift = 8 * (offset % 4);
    u32 mask = (u32)((BIT(8 * size) - 1) << shift);
    u32 old = size == sizeof(u32) ? 0 : read_register(passed, at) & ~mask;
    write_register(passed, at, old | ((u32)(value << shift) & mask));
}

void passthrough_start(void)
{
    bool wanted = false, wanted_plain = false;
    for (unsigned i = 0; i < machine.vm_count; i++)
    {
        wanted |= machine.vms[i].function_count != 0;
        wanted_plain |= machine.vms[i].function_count != 0 && machine.vms[i].kind == VM_PLAIN;
    }
    if (wanted)
        pcie_start();
    if (wanted_plain) /* what is a confidential one's is kept apart by the TSM */
        iommu_start();
}

/* Where a function's memory is in the virtual machine: one after the other, each aligned to its size. */
static void place(struct passed *passed, u64 *next)
{
    for (unsigned i = 0; i < PCIE_BARS; i++)
    {
        const struct pcie_bar *bar = &passed->function->bars[i];
        if (bar->range.size == 0)
            continue;
        u64 start = align_up(*next, max_u64(bar->range.size, PAGE_SIZE));
        if (bar->range.size > GUEST_PCIE_MEMORY_SIZE || start + bar->range.size > GUEST_PCIE_MEMORY + GUEST_PCIE_MEMORY_SIZE)
            fail("the memory of the functions of a virtual machine does not fit into %lu MiB", GUEST_PCIE_MEMORY_SIZE / MIB);
        *next = align_up(start + bar->range.size, PAGE_SIZE);
        passed->guest[i] = (struct range){ start, bar->range.size };
        passed->bars[i] = (u32)start | bar->flags;
    }
}

bool passthrough_is_ready(const struct vm *vm)
{
    for (unsigned i = 0; i < vm->description->function_count; i++)
    {
        u16 id = vm->description->functions[i];
        if (!pcie_has_slot(id))
            fail("vm%u is to have the PCIe function %x:%x.%u, for which there is no slot", vm->index, id >> 8, id >> 3 & 31, id & 7);
        if (!pcie_arrive(id))
            return false;
    }
    return true;
}

static void tell_of_loss(const struct passthrough *passthrough, const struct passed *passed, const char *why)
{
    u16 id = passed->function->id;
    print("vm%u: goes on without the PCIe function %x:%x.%u, which %s", passthrough->vm->index, id >> 8, id >> 3 & 31, id & 7, why);
}

static void lose(struct passthrough *passthrough, struct passed *passed, const char *why)
{
    tell_of_loss(passthrough, passed, why);
    passed->is_gone = true;
    passthrough->vm->operations->lose(passthrough->vm, passed);
}

void passthrough_watch(struct passthrough *passthrough)
{
    const struct vm *vm = passthrough->vm;
    for (unsigned i = 0; i < passthrough->count; i++)
    {
        struct passed *passed = &passthrough->functions[i];
        if (passed->is_gone)
            continue;
        if (pcie_is_gone(passed->function))
            lose(passthrough, passed, "has been pulled");
        else if (passed->is_locked && pcie_has_failed(passed->function)) /* nothing else tells a host of TDISP's ERROR */
            lose(passthrough, passed, "is in ERROR");
        else if (vm_is_tampered(vm, "interface") && !passed->is_tampered && passed->driven != 0 && now() >= passed->driven + milliseconds(TAMPER_MILLISECONDS))
        {
            print("vm%u: its host changes a locked register of the PCIe function %x:%x.%u", vm->index, passed->function->id >> 8, passed->function->id >> 3 & 31, passed->function->id & 7);
            passed->is_tampered = true;
            pcie_set_master(passed->function, false);
        }
    }
}

void passthrough_refuse(struct passthrough *passthrough, u64 place)
{
    if (place < passthrough->count && passthrough->functions[place].is_optional && !passthrough->functions[place].is_gone)
        lose(passthrough, &passthrough->functions[place], "it has refused");
}

void passthrough_attach(struct passthrough *passthrough, struct vm *vm)
{
    const struct vm_description *description = vm->description;
    u64 next = GUEST_PCIE_MEMORY;
    *passthrough = (struct passthrough){ .device = { { GUEST_ECAM, GUEST_ECAM_SIZE }, passthrough_read, passthrough_write }, .vm = vm };
    if (description->function_count != 0 && !vm->has_interrupt_files)
        fail("vm%u is to have a PCIe function, but no interrupt files for its messages: the TSM gives none to TVMs in static memory", vm->index);
    for (unsigned i = 0; i < description->function_count; i++)
    {
        u16 id = description->functions[i];
        struct passed *passed = &passthrough->functions[passthrough->count++];
        passed->function = pcie_find(id);
        passed->is_optional = description->is_optional[i];
        if (!pcie_can_reset(passed->function))
            fail("vm%u is to have the PCIe function %x:%x.%u, which cannot be reset", vm->index, id >> 8, id >> 3 & 31, id & 7);
        pcie_reset(passed->function);
        place(passed, &next);
    }
}

bool passthrough_connect(struct passthrough *passthrough)
{
    bool is_complete = true;
    for (unsigned i = 0; i < passthrough->count; i++)
    {
        struct passed *passed = &passthrough->functions[i];
        passthrough->vm->operations->connect(passthrough->vm, passed);
        is_complete &= !passed->is_gone || passed->is_optional;
        if (passed->is_gone && passed->is_optional)
            tell_of_loss(passthrough, passed, "has been refused");
    }
    return is_complete;
}

void passthrough_detach(struct passthrough *passthrough)
{
    for (unsigned i = 0; i < passthrough->count; i++)
    {
        struct passed *passed = &passthrough->functions[i];
        passthrough->vm->operations->disconnect(passthrough->vm, passed);
        pcie_reset(passed->function);
    }
    iommu_count_faults();
}

unsigned passthrough_lost(const struct passthrough *passthrough)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < passthrough->count; i++)
        lost += passthrough->functions[i].is_gone;
    return lost;
}

u64 passthrough_faults(const struct passthrough *passthrough)
{
    u64 sum = 0;
    for (unsigned i = 0; i < passthrough->count; i++)
        sum += passthrough->functions[i].function->faults;
    return sum;
}
