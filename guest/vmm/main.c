/* The boot hart's way from firmware to virtual machines. */
#include "confidential.h"
#include "entropy.h"
#include "hart.h"
#include "machine.h"
#include "memory.h"
#include "network.h"
#include "passthrough.h"
#include "print.h"
#include "riscv.h"
#include "sbi.h"
#include "statistics.h"
#include "vm.h"

enum { STACK_SIZE = 16 * KIB };

extern u8 image_start[], image_end[];
extern void hart_entry(void);

static u8 stacks[HARTS_MAX][STACK_SIZE] __attribute__((aligned(16)));

static void start_memory(void)
{
    struct range reserved[RESERVED_MAX];
    unsigned count = 0;
    _Static_assert(VMS_MAX * MODULES_MAX + 2 + MACHINE_RESERVED_MAX <= RESERVED_MAX, "ranges");
    /* What firmware keeps for itself lies below. */
    reserved[count++] = (struct range){ machine.memory.start, (u64)image_end - machine.memory.start };
    reserved[count++] = (struct range){ (u64)machine.tree.blob, fdt_size(&machine.tree) };
    for (unsigned i = 0; i < machine.reserved_count; i++)
        reserved[count++] = machine.reserved[i];
    for (unsigned vm = 0; vm < machine.vm_count; vm++)
        for (unsigned i = 0; i < machine.vms[vm].module_count; i++)
            reserved[count++] = machine.vms[vm].modules[i].content;
    memory_start(machine.memory, reserved, count);
}

/* How many guest interrupt files this hart has. hgeie's writable bits tell; a device tree may promise room for more. */
static u64 guest_files(void)
{
    csr_write(hgeie, ~0ul);
    u64 files = csr_read(hgeie);
    csr_write(hgeie, 0);
    return files & ((2ul << machine.guest_files) - 1);
}

static void start_harts(void)
{
    for (unsigned i = 0; i < machine.hart_count; i++)
    {
        struct hart *hart = &harts[i];
        hart->stack_top = (u64)stacks[i] + STACK_SIZE;
        hart->index = i;
        hart->id = machine.hart_ids[i];
        hart->free_files = guest_files();
    }
}

void main(u64 boot_hart, const void *tree)
{
    machine_describe(tree, boot_hart);
    start_memory();
    entropy_start();
    start_harts();
    struct hart *own = &harts[machine.boot_hart];
    __asm__ volatile("mv tp, %0" ::"r"(own));
    if (machine.network.source != 0)
        network_start(machine.network.address, machine.network.source);
    vm_start_drives();
    passthrough_start();
    print("%u harts, %lu MiB, %lu free", machine.hart_count, machine.memory.size / MIB, memory_free_pages() * PAGE_SIZE / MIB);
    statistics_start();
    confidential_start_hart(); /* before the others, which do it themselves: virtual machines' functions are connected from here */
    for (unsigned i = 0; i < machine.vm_count; i++)
        vm_start(i);
    for (unsigned i = 0; i < machine.hart_count; i++)
    {
        struct hart *hart = &harts[i];
        hart->started = true;
        if (hart != own && sbi_hart_start(hart->id, (u64)hart_entry, (u64)hart) != SBI_SUCCESS)
            fail("the firmware does not start hart %u", i);
    }
    hart_main(own);
}
