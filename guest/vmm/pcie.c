#include "pcie.h"

#include "machine.h"
#include "print.h"
#include "riscv.h"

#define NOBODY 0xFFFFFFFFu
#define HEADER_BRIDGE 1u
#define BAR_IO BIT(0)
#define BRIDGE_WINDOW MIB
#define SLOT_WINDOW (4 * MIB) /* kept free for what comes to an empty slot */

enum { BRIDGE_BUSES = 0x18, BRIDGE_MEMORY = 0x20, BRIDGE_PREFETCH = 0x24, BRIDGE_PREFETCH_UPPER = 0x28 };
enum { BUS_SHIFT = 8, DEVICES = 32, FUNCTIONS = 8, RESET_MILLISECONDS = 100 };

static struct pcie_function functions[PCIE_FUNCTIONS_MAX];
static unsigned function_count;
static u64 next_address;
static unsigned next_bus = 1;

/* What is below a root port. */
struct slot
{
    struct pcie_function port;
    unsigned bus;
    u64 window; /* where it begins */
};

static struct slot slots[32];
static unsigned slot_count;

static volatile u32 *config_of(u16 id)
{
    return (volatile u32 *)(machine.ecam.start + (u64)id * PCIE_CONFIG_SIZE);
}

static unsigned header_type(volatile u32 *config)
{
    return config[PCIE_CACHE_LINE / 4] >> 16 & 0x7F;
}

unsigned pcie_next_capability(const struct pcie_function *function, unsigned at)
{
    unsigned next = at == PCIE_CAPABILITIES ? pcie_read(function, at) : pcie_read(function, at) >> 8;
    next &= 0xFC;
    return next >= 0x40 ? next : 0;
}

unsigned pcie_extended(const struct pcie_function *function, u32 id)
{
    unsigned at = PCIE_EXTENDED;
    for (unsigned n = 0; n < MOST_CAPABILITIES && at >= PCIE_EXTENDED; n++)
    {
        u32 header = pcie_read(function, at);
        if (header != 0 && (header & 0xFFFF) == id)
            return at;
        at = header >> 20 & 0xFFC;
    }
    return 0;
}

/* What the function takes, by the bits of its register that do not stay ones. */
static u64 size_of(const struct pcie_function *function, unsigned index, bool wide)
{
    unsigned at = PCIE_BAR0 + 4 * index;
    pcie_write(function, at, ~0u);
    u64 ones = pcie_read(function, at) & ~(u32)BAR_FLAGS;
    if (ones == 0 && !wide)
        return 0;
    ones |= 0xFFFFFFFFul << 32;
    if (wide)
    {
        pcie_write(function, at + 4, ~0u);
        ones = (ones & 0xFFFFFFFF) | (u64)pcie_read(function, at + 4) << 32;
    }
    return ones == 0 ? 0 : -ones;
}

/* Each range has pages of its own, so that one function's can be given away without another's. */
static void place_bars(struct pcie_function *function)
{
    u64 end = machine.pcie_memory.start + machine.pcie_memory.size;
    for (unsigned i = 0; i < PCIE_BARS; i++)
    {
        u32 flags = pcie_read(function, PCIE_BAR0 + 4 * i) & BAR_FLAGS;
        if ((flags & BAR_IO) != 0)
            continue;
        bool wide = (flags & BAR_64) != 0 && i + 1 < PCIE_BARS;
        u64 size = size_of(function, i, wide);
        u64 start = size == 0 ? 0 : align_up(next_address, max_u64(size, PAGE_SIZE));
        if (size != 0 && size <= end - next_address && start <= end - size)
        {
            function->bars[i] = (struct pcie_bar){ { start, size }, flags };
            next_address = align_up(start + size, PAGE_SIZE);
        }
        i += wide;
    }
}

static void write_bars(const struct pcie_function *function)
{
    for (unsigned i = 0; i < PCIE_BARS; i++)
    {
        const struct pcie_bar *bar = &function->bars[i];
        if (bar->range.size == 0)
            continue;
        pcie_write(function, PCIE_BAR0 + 4 * i, (u32)bar->range.start);
        if ((bar->flags & BAR_64) != 0)
            pcie_write(function, PCIE_BAR0 + 4 * i + 4, bar->range.start >> 32);
    }
    pcie_write(function, PCIE_COMMAND, PCIE_COMMAND_MEMORY | PCIE_COMMAND_NO_WIRE);
}

static unsigned express_of(const struct pcie_function *function)
{
    unsigned at = PCIE_CAPABILITIES;
    for (unsigned n = 0; n < MOST_CAPABILITIES && (at = pcie_next_capability(function, at)) != 0; n++)
        if ((pcie_read(function, at) & 0xFF) == PCIE_EXPRESS)
            return at;
    return 0;
}

static void add_function(u16 id)
{
    if (function_count == PCIE_FUNCTIONS_MAX)
        return; /* pcie_find does not find it */
    struct pcie_function *function = &functions[function_count++];
    *function = (struct pcie_function){ .id = id, .config = config_of(id) };
    function->express = express_of(function);
    place_bars(function);
    write_bars(function);
}

static void scan(unsigned bus, bool is_root);

/* A bus below a root port, whose window is what the functions there take. Ports below a port are left alone. */
static void add_bridge(volatile u32 *config, unsigned bus)
{
    unsigned below = next_bus++;
    if (below >= machine.ecam.size >> 20)
        return;
    config[BRIDGE_BUSES / 4] = below << 16 | below << 8 | bus;
    u64 start = next_address = align_up(next_address, BRIDGE_WINDOW);
    scan(below, false);
    if (slot_count < COUNT_OF(slots))
    {
        struct slot *slot = &slots[slot_count++];
        *slot = (struct slot){ { .config = config }, below, start };
        slot->port.express = express_of(&slot->port);
        if (next_address == start)
            next_address += SLOT_WINDOW;
    }
    u64 end = next_address = align_up(next_address, BRIDGE_WINDOW);
    /* A limit below the base closes a window. */
    config[BRIDGE_MEMORY / 4] = end == start ? 0x0000FFF0 : (u32)((end - 1) >> 16 & 0xFFF0) << 16 | (u32)(start >> 16 & 0xFFF0);
    config[BRIDGE_PREFETCH / 4] = 0x0000FFF0;
    config[BRIDGE_PREFETCH_UPPER / 4] = NOBODY;
    config[PCIE_COMMAND / 4] = PCIE_COMMAND_MEMORY | PCIE_COMMAND_MASTER | PCIE_COMMAND_NO_WIRE;
}

static void scan(unsigned bus, bool is_root)
{
    for (unsigned device = 0; device < DEVICES; device++)
    {
        for (unsigned number = 0; number < FUNCTIONS; number++)
        {
            u16 id = (u16)(bus << BUS_SHIFT | device * FUNCTIONS | number);
            volatile u32 *config = config_of(id);
            if (config[0] == NOBODY)
            {
                if (number == 0)
                    break;
                continue;
            }
            if (header_type(config) == 0)
                add_function(id);
            else if (header_type(config) == HEADER_BRIDGE && is_root)
                add_bridge(config, bus);
            if (number == 0 && (config[PCIE_CACHE_LINE / 4] >> 23 & 1) == 0)
                break; /* of one function */
        }
    }
}

void pcie_start(void)
{
    if (machine.ecam.size == 0 || machine.pcie_memory.size == 0)
        fail("a virtual machine is to have a PCIe function, but the machine has no PCIe root complex: give it functions with --nvme or --accelerator");
    next_address = machine.pcie_memory.start;
    scan(0, true);
}

struct pcie_function *pcie_find(u16 id)
{
    for (unsigned i = 0; i < function_count; i++)
        if (functions[i].id == id)
            return &functions[i];
    return NULL;
}

static struct slot *slot_of(u16 id)
{
    for (unsigned i = 0; i < slot_count; i++)
        if (slots[i].bus == id >> BUS_SHIFT && slots[i].port.express != 0)
            return &slots[i];
    return NULL;
}

bool pcie_has_slot(u16 id)
{
    return slot_of(id) != NULL;
}

bool pcie_is_gone(const struct pcie_function *function)
{
    return pcie_read(function, PCIE_ID) == NOBODY;
}

bool pcie_has_failed(const struct pcie_function *function)
{
    return function->express != 0 && (pcie_read(function, function->express + EXPRESS_DEVICE_CONTROL) & EXPRESS_FATAL_ERROR) != 0;
}

void pcie_forget_failure(const struct pcie_function *function)
{
    unsigned control = function->express + EXPRESS_DEVICE_CONTROL;
    if (pcie_has_failed(function))
        pcie_write(function, control, (pcie_read(function, control) & 0xFFFF) | EXPRESS_FATAL_ERROR);
}

bool pcie_arrive(u16 id)
{
    const struct slot *slot = slot_of(id);
    if (slot == NULL)
        return false;
    unsigned control = slot->port.express + EXPRESS_SLOT;
    u32 state = pcie_read(&slot->port, control);
    if ((state & EXPRESS_SLOT_PRESENT) == 0)
        return false;
    if ((state & EXPRESS_SLOT_POWER_OFF) != 0)
        pcie_write(&slot->port, control, state & 0xFFFF & ~EXPRESS_SLOT_POWER_OFF);
    u64 deadline = now() + milliseconds(RESET_MILLISECONDS);
    while (config_of(id)[0] == NOBODY)
        if (now() >= deadline)
            return false;
    if (pcie_find(id) == NULL)
    {
        u64 next = next_address;
        next_address = slot->window;
        add_function(id);
        if (next_address > slot->window + SLOT_WINDOW)
            fail("the PCIe function %x:%x.%u has come to its slot, whose window of %lu MiB is too small for it", id >> 8, id >> 3 & 31, id & 7, SLOT_WINDOW / MIB);
        next_address = next;
    }
    return pcie_find(id) != NULL;
}

bool pcie_can_reset(const struct pcie_function *function)
{
    return function->express != 0 && (pcie_read(function, function->express + EXPRESS_DEVICE_CAPABILITIES) & EXPRESS_CAN_RESET) != 0;
}

void pcie_reset(const struct pcie_function *function)
{
    unsigned control = function->express + EXPRESS_DEVICE_CONTROL;
    pcie_write(function, PCIE_COMMAND, PCIE_COMMAND_NO_WIRE);
    pcie_write(function, control, (pcie_read(function, control) & 0xFFFF) | EXPRESS_RESET);
    u64 deadline = now() + milliseconds(RESET_MILLISECONDS);
    while (pcie_read(function, PCIE_ID) == NOBODY && now() < deadline)
        ;
    write_bars(function);
}

void pcie_set_master(const struct pcie_function *function, bool on)
{
    pcie_write(function, PCIE_COMMAND, PCIE_COMMAND_MEMORY | PCIE_COMMAND_NO_WIRE | (on ? PCIE_COMMAND_MASTER : 0));
}
