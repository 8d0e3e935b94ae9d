#include "iommu.h"

#include "interrupts.h"
#include "layout.h"
#include "lock.h"
#include "machine.h"
#include "print.h"
#include "riscv.h"
#include "vm.h"

/* Registers. */
enum
{
    CAPABILITIES = 0x00,
    DIRECTORY = 0x10,
    COMMAND_BASE = 0x18,
    COMMAND_HEAD = 0x20,
    COMMAND_TAIL = 0x24,
    FAULT_BASE = 0x28,
    FAULT_HEAD = 0x30,
    FAULT_TAIL = 0x34,
    COMMAND_CONTROL = 0x48,
    FAULT_CONTROL = 0x4C,
};

#define CAPABILITY_SV39X4 BIT(17)
#define CAPABILITY_MSI_FLAT BIT(22)
#define DIRECTORY_OFF 0ul
#define DIRECTORY_TWO_LEVELS 3ul
#define DIRECTORY_BUSY BIT(4)
#define QUEUE_ENABLE BIT(0)
#define QUEUE_ERRORS 0xF00u
#define QUEUE_ON BIT(16)

#define COMMAND_INVALIDATE_GUEST 0x081ul
#define COMMAND_FENCE (0x002ul | BIT(12) | BIT(13)) /* reads and writes before it */
#define COMMAND_INVALIDATE_DIRECTORY 0x003ul
#define COMMAND_VALID BIT(33) /* GV, or DV */
#define COMMAND_GSCID_SHIFT 44
#define COMMAND_DEVICE_SHIFT 40

#define ENTRY_VALID BIT(0)
#define ENTRY_BASIC (3ul << 1) /* of an MSI page table: the interrupt file is a page */
#define MSI_FLAT (1ul << 60)

enum { LEAF_SHIFT = 6, LEAVES_MAX = 8, COMMANDS = 256, FAULTS = 128, COMMANDS_LOG2 = 8, FAULTS_LOG2 = 7 };

/* A device context, in its extended format. */
struct device_context
{
    u64 tc, iohgatp, ta, fsc, msiptp, msi_addr_mask, msi_addr_pattern, reserved;
};

struct msi_entry
{
    u64 entry, reserved;
};

struct leaf
{
    struct device_context contexts[1 << LEAF_SHIFT];
};

struct fault
{
    u64 record, reserved, iotval, iotval2;
};

#define PAGES __attribute__((aligned(4096)))

static u64 root[512] PAGES;
static struct leaf leaves[LEAVES_MAX] PAGES; /* each for 64 numbers of functions */
static struct msi_entry msi_tables[LEAVES_MAX][4096 / sizeof(struct msi_entry)] PAGES; /* each for one function */
static struct pcie_function const *msi_owners[LEAVES_MAX];
static unsigned leaf_count;
static u64 commands[COMMANDS][2] PAGES;
static volatile struct fault faults[FAULTS] PAGES;
static struct lock iommu_lock;

_Static_assert(sizeof(struct leaf) == 4096, "a leaf is a page");
_Static_assert(VCPUS_MAX <= 4096 / sizeof(struct msi_entry), "interrupt files");

static volatile u32 *word(unsigned offset)
{
    return (volatile u32 *)(machine.iommu.start + offset);
}

static volatile u64 *pair(unsigned offset)
{
    return (volatile u64 *)(machine.iommu.start + offset);
}

static u64 page_entry(const volatile void *page)
{
    return (u64)page >> 12 << 10;
}

static void turn_on(unsigned control)
{
    *word(control) = QUEUE_ENABLE;
    while ((*word(control) & QUEUE_ON) == 0)
        ;
}

/* Has a command carried out, and what it waits for. */
static void command(u64 low)
{
    u32 tail = *word(COMMAND_TAIL);
    commands[tail][0] = low;
    commands[tail][1] = 0;
    fence();
    tail = (tail + 1) % COMMANDS;
    *word(COMMAND_TAIL) = tail;
    while (*word(COMMAND_HEAD) != tail)
        if ((*word(COMMAND_CONTROL) & QUEUE_ERRORS) != 0)
            fail("the IOMMU does not carry out the command %lx: %x", low, *word(COMMAND_CONTROL));
}

static void forget(u16 id, u64 gscid)
{
    fence();
    command(COMMAND_INVALIDATE_DIRECTORY | COMMAND_VALID | (u64)id << COMMAND_DEVICE_SHIFT);
    command(COMMAND_INVALIDATE_GUEST | COMMAND_VALID | gscid << COMMAND_GSCID_SHIFT);
    command(COMMAND_FENCE);
}

void iommu_start(void)
{
    if (machine.iommu.size == 0)
        fail("a virtual machine is to have a PCIe function, but nothing would keep it from the rest of memory: start the machine with --iommu on");
    u64 capabilities = *pair(CAPABILITIES);
    if ((capabilities & CAPABILITY_SV39X4) == 0 || (capabilities & CAPABILITY_MSI_FLAT) == 0)
        fail("the machine's IOMMU lacks Sv39x4 or MSI page tables: capabilities %lx", capabilities);
    *pair(COMMAND_BASE) = page_entry(commands) | (COMMANDS_LOG2 - 1);
    *pair(FAULT_BASE) = page_entry(faults) | (FAULTS_LOG2 - 1);
    turn_on(COMMAND_CONTROL);
    turn_on(FAULT_CONTROL);
    *pair(DIRECTORY) = page_entry(root) | DIRECTORY_TWO_LEVELS;
    while ((*pair(DIRECTORY) & DIRECTORY_BUSY) != 0)
        ;
    if ((*pair(DIRECTORY) & 0xF) != DIRECTORY_TWO_LEVELS)
        fail("the machine's IOMMU has no device directories of two levels");
}

static struct device_context *context_of(u16 id)
{
    u64 *entry = &root[id >> LEAF_SHIFT];
    if (id >> LEAF_SHIFT >= COUNT_OF(root))
        fail("the PCIe function %x is on a bus beyond those of the IOMMU's directory", id);
    if ((*entry & ENTRY_VALID) == 0)
    {
        if (leaf_count == LEAVES_MAX)
            fail("virtual machines are to have functions on more than %u buses", (unsigned)LEAVES_MAX);
        fence();
        *entry = page_entry(&leaves[leaf_count++]) | ENTRY_VALID;
    }
    return &((struct leaf *)(*entry >> 10 << 12))->contexts[id % (1 << LEAF_SHIFT)];
}

/* The table for a function; its own from the first time on. */
static struct msi_entry *msi_table_of(const struct pcie_function *function)
{
    for (unsigned i = 0; i < LEAVES_MAX; i++)
    {
        if (msi_owners[i] == NULL || msi_owners[i] == function)
        {
            msi_owners[i] = function;
            return msi_tables[i];
        }
    }
    fail("virtual machines are to have more than %u functions", (unsigned)LEAVES_MAX);
}

void iommu_assign(const struct pcie_function *function, const struct vm *vm, u64 hgatp)
{
    lock_acquire(&iommu_lock);
    struct device_context *context = context_of(function->id);
    struct msi_entry *table = msi_table_of(function);
    u64 files = 1; /* of the table: a power of two */
    while (files < vm->vcpu_count)
        files *= 2;
    for (unsigned i = 0; i < files; i++)
    {
        const struct vcpu *vcpu = &vm->vcpus[i];
        u64 page = i < vm->vcpu_count ? interrupts_guest_page(vcpu->hart, vcpu->file) : 0;
        table[i] = (struct msi_entry){ page == 0 ? 0 : page >> 12 << 10 | ENTRY_BASIC | ENTRY_VALID, 0 };
    }
    *context = (struct device_context){
        .iohgatp = hgatp,
        .msiptp = MSI_FLAT | (u64)table >> 12,
        .msi_addr_mask = files - 1,
        .msi_addr_pattern = GUEST_IMSIC >> 12,
    };
    fence();
    context->tc = ENTRY_VALID;
    forget(function->id, hgatp >> HGATP_VMID_SHIFT & 0x3FFF);
    lock_release(&iommu_lock);
}

void iommu_release(const struct pcie_function *function)
{
    lock_acquire(&iommu_lock);
    struct device_context *context = context_of(function->id);
    context->tc = 0;
    forget(function->id, context->iohgatp >> HGATP_VMID_SHIFT & 0x3FFF);
    lock_release(&iommu_lock);
}

void iommu_count_faults(void)
{
    if (machine.iommu.size == 0)
        return;
    lock_acquire(&iommu_lock);
    u32 head = *word(FAULT_HEAD);
    for (; head != *word(FAULT_TAIL); head = (head + 1) % FAULTS)
    {
        struct pcie_function *function = pcie_find((u16)(faults[head].record >> COMMAND_DEVICE_SHIFT));
        if (function != NULL)
            function->faults++;
    }
    *word(FAULT_HEAD) = head;
    lock_release(&iommu_lock);
}
