/* Plain virtual machines: the hypervisor extension, used directly. */
#include "exits.h"
#include "interrupts.h"
#include "iommu.h"
#include "layout.h"
#include "memory.h"
#include "print.h"
#include "riscv.h"
#include "sbi.h"
#include "vm.h"

/* Exceptions that a virtual machine's own supervisor mode handles: all but its calls, guest-page faults and virtual instructions. */
#define DELEGATED_EXCEPTIONS 0xB1FF
#define DELEGATED_INTERRUPTS (BIT(INTERRUPT_VIRTUAL_SOFTWARE) | BIT(INTERRUPT_VIRTUAL_TIMER) | BIT(INTERRUPT_VIRTUAL_EXTERNAL))

/* menvcfg's bits for virtual machines: Sstc, Svpbmt, Svadu, cache-block operations. What the machine has not stays zero. */
#define ENVIRONMENT (BIT(63) | BIT(62) | BIT(61) | BIT(7) | BIT(6) | 3ul << 4)

static u64 vmid_of(const struct vm *vm)
{
    return vm->index + 1;
}

static bool plain_create(struct vm *vm)
{
    if (!gstage_create(&vm->tables))
        return false;
    vm->time_offset = -now();
    /* Each virtual hart's interrupt file is a page of the machine: messages to it need no help. */
    for (unsigned i = 0; i < vm->vcpu_count; i++)
    {
        const struct vcpu *vcpu = &vm->vcpus[i];
        if (!gstage_map(&vm->tables, GUEST_IMSIC + i * PAGE_SIZE, interrupts_guest_page(vcpu->hart, vcpu->file), PAGE_SIZE, false))
            return false;
    }
    return true;
}

static bool plain_has_interrupt_files(void)
{
    return true;
}

static struct range plain_ram(const struct vm_description *description)
{
    return (struct range){ GUEST_RAM, description->memory_size };
}

static void plain_retire(struct vcpu *vcpu)
{
    (void)vcpu;
}

static void plain_destroy(struct vm *vm)
{
    vm->table_pages = vm->tables.table_pages;
    vm->owned_pages = vm->tables.owned_pages;
    sbi_remote_fence(RFENCE_HFENCE_GVMA_VMID, hart_mask(), 0, ~0ul, vmid_of(vm));
    gstage_destroy(&vm->tables);
}

static u64 hstatus_of(const struct vcpu *vcpu)
{
    /* Where a hart has one virtual hart alone, that may wait by itself. */
    return HSTATUS_SPV | (u64)vcpu->file << HSTATUS_VGEIN_SHIFT | (vcpu->hart->vcpu_count > 1 ? HSTATUS_VTW : 0);
}

/* Empties the interrupt file: the one before it may have left something. */
static void reset_file(const struct vcpu *vcpu)
{
    csr_write(hstatus, hstatus_of(vcpu));
    csr_write(vsiselect, EIDELIVERY);
    csr_write(vsireg, 0);
    csr_write(vsiselect, EITHRESHOLD);
    csr_write(vsireg, 0);
    for (u64 i = 0; i <= machine.identities / 32; i += 2) /* 64 identities in each even register */
    {
        csr_write(vsiselect, EIP0 + i);
        csr_write(vsireg, 0);
        csr_write(vsiselect, EIE0 + i);
        csr_write(vsireg, 0);
    }
}

static void plain_start(struct vcpu *vcpu)
{
    vcpu->context = (struct context){ .pc = vcpu->start_pc, .sstatus = SSTATUS_SPP | SSTATUS_FS_INITIAL, .hstatus = hstatus_of(vcpu) | HSTATUS_SPVP };
    vcpu->context.x[10] = vcpu->index;
    vcpu->context.x[11] = vcpu->start_argument;
    /* Firmware leaves the counters open to user mode: a kernel without a driver for them does not do it. */
    vcpu->csrs = (struct virtual_csrs){ .vstimecmp = ~0ul, .scounteren = COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR };
    reset_file(vcpu);
}

/* Runs the list's macro on each CSR that is switched. */
#define FOR_EACH_CSR(operation) \
    operation(vsstatus) operation(vsie) operation(vstvec) operation(vsscratch) operation(vsepc) operation(vscause) operation(vstval) \
    operation(vsatp) operation(vstimecmp) operation(vsiselect) operation(hvip) operation(senvcfg) operation(scounteren)

static void plain_load(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    csr_write(hedeleg, DELEGATED_EXCEPTIONS);
    csr_write(hideleg, DELEGATED_INTERRUPTS);
    csr_write(hcounteren, COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR);
    csr_write(henvcfg, ENVIRONMENT);
    if (machine.has_state_enable)
        csr_write(hstateen0, ~0ul);
    csr_write(htimedelta, vm->time_offset);
    csr_write(hgatp, gstage_hgatp(&vm->tables, vmid_of(vm)));
    csr_write(hstatus, vcpu->context.hstatus); /* vsiselect means the registers of the file in VGEIN */
#define LOAD(name) csr_write(name, vcpu->csrs.name);
    FOR_EACH_CSR(LOAD)
    csr_set(sstatus, SSTATUS_FS);
    context_load_float(&vcpu->context);
    vcpu->context.sstatus = (vcpu->context.sstatus & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

static void plain_save(struct vcpu *vcpu)
{
#define SAVE(name) vcpu->csrs.name = csr_read(name);
    FOR_EACH_CSR(SAVE)
    csr_write(vsie, 0); /* its timer, which goes on, is not to end the sleep of the hart */
    csr_set(sstatus, SSTATUS_FS);
    if ((vcpu->context.sstatus & SSTATUS_FS) == SSTATUS_FS_DIRTY)
        context_save_float(&vcpu->context);
}

static void plain_run(struct vcpu *vcpu)
{
    if (__atomic_exchange_n(&vcpu->software_pending, false, __ATOMIC_ACQUIRE))
        csr_set(hvip, BIT(INTERRUPT_VIRTUAL_SOFTWARE));
    context_run(&vcpu->context);
}

static void plain_skip(struct vcpu *vcpu, unsigned length)
{
    vcpu->context.pc += length;
}

static void plain_raise(struct vcpu *vcpu, u64 cause, u64 value)
{
    struct context *context = &vcpu->context;
    u64 status = csr_read(vsstatus);
    u64 enabled = (status & SSTATUS_SIE) != 0 ? SSTATUS_SPIE : 0;
    csr_write(vsstatus, (status & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP)) | enabled | (context->sstatus & SSTATUS_SPP));
    csr_write(vsepc, context->pc);
    csr_write(vscause, cause);
    csr_write(vstval, value);
    context->pc = align_down(csr_read(vstvec), 4);
    context->sstatus |= SSTATUS_SPP;
}

static bool plain_is_woken(struct vcpu *vcpu, u64 *deadline)
{
    const struct virtual_csrs *csrs = &vcpu->csrs;
    if (__atomic_load_n(&vcpu->software_pending, __ATOMIC_ACQUIRE) || (csrs->hvip & BIT(INTERRUPT_VIRTUAL_SOFTWARE)) != 0)
        return true;
    if ((csr_read(hgeip) >> vcpu->file & 1) != 0 && (csrs->vsie & BIT(INTERRUPT_EXTERNAL)) != 0)
        return true;
    if ((csrs->vsie & BIT(INTERRUPT_TIMER)) != 0)
    {
        u64 time = now() + vcpu->vm->time_offset;
        if (time >= csrs->vstimecmp)
            return true;
        *deadline = csrs->vstimecmp == ~0ul ? ~0ul : csrs->vstimecmp - vcpu->vm->time_offset;
    }
    return false;
}

/* A large page if the memory around the address allows it and there is one, otherwise a small one. */
static bool add_page(struct vm *vm, u64 guest)
{
    u64 size = LARGE_PAGE_SIZE;
    u64 start = align_down(guest, size);
    u8 *page = NULL;
    if (range_holds(vm->ram, start, size) && !gstage_holds_table(&vm->tables, start))
        page = memory_allocate(LARGE_PAGE_ORDER);
    if (page == NULL)
    {
        size = PAGE_SIZE;
        start = align_down(guest, size);
        page = memory_allocate(0);
    }
    if (page == NULL)
        return false;
    memset(page, 0, size);
    if (gstage_map(&vm->tables, start, (u64)page, size, true))
        return true;
    memory_free(page, size == PAGE_SIZE ? 0 : LARGE_PAGE_ORDER);
    return false;
}

/* Functions reach memory at any time, and do not come back if it is not there. */
static bool populate_all(struct vm *vm)
{
    for (u64 offset = 0; offset < vm->ram.size; offset += PAGE_SIZE)
        if (gstage_find(&vm->tables, vm->ram.start + offset) == 0 && !add_page(vm, vm->ram.start + offset))
            return false;
    return true;
}

static bool plain_boot(struct vm *vm, const struct boot *boot)
{
    u64 tree = vm->ram.start + BOOT_TREE_OFFSET;
    lock_acquire(&vm->lock);
    bool written = vm_write(vm, tree, boot->tree, boot->tree_size);
    for (unsigned i = 0; written && i < vm->description->module_count; i++)
    {
        const struct module *module = &vm->description->modules[i];
        const struct range *place = module->role == MODULE_KERNEL ? &boot->kernel : module->role == MODULE_INITRD ? &boot->initrd : NULL;
        written = place == NULL || vm_write(vm, place->start, (const void *)module->content.start, module->content.size);
    }
    written = written && (vm->passthrough.count == 0 || populate_all(vm));
    lock_release(&vm->lock);
    vm->vcpus[0].start_pc = boot->entry;
    vm->vcpus[0].start_argument = tree;
    return written;
}

static void plain_connect(struct vm *vm, struct passed *passed)
{
    for (unsigned i = 0; i < PCIE_BARS; i++)
        for (u64 offset = 0; offset < passed->guest[i].size; offset += PAGE_SIZE)
            if (!gstage_map(&vm->tables, passed->guest[i].start + offset, passed->function->bars[i].range.start + offset, PAGE_SIZE, false))
                fail("the machine's memory is too small for vm%u: give it more with --memory", vm->index);
    iommu_assign(passed->function, vm, gstage_hgatp(&vm->tables, vmid_of(vm)));
}

static void plain_disconnect(struct vm *vm, struct passed *passed)
{
    (void)vm;
    pcie_set_master(passed->function, false);
    iommu_release(passed->function);
}

static bool plain_populate(struct vm *vm, u64 guest)
{
    if (gstage_find(&vm->tables, guest) == 0)
        return add_page(vm, guest);
    /* Another virtual hart came first, and this hart remembers that nothing was there. */
    fence_guest_physical(vmid_of(vm));
    return true;
}

static u64 plain_take(struct vm *vm, const struct range *ranges, unsigned count)
{
    u64 taken = 0;
    if (count == 0)
        return 0;
    for (unsigned i = 0; i < count; i++)
        gstage_block(&vm->tables, ranges[i]);
    sbi_remote_fence(RFENCE_HFENCE_GVMA_VMID, hart_mask(), 0, ~0ul, vmid_of(vm));
    for (unsigned i = 0; i < count; i++)
        taken += gstage_release(&vm->tables, ranges[i]);
    return taken;
}

static u8 *plain_page(struct vm *vm, u64 guest)
{
    u64 address = gstage_find(&vm->tables, guest);
    if (address == 0 && add_page(vm, guest))
        address = gstage_find(&vm->tables, guest);
    return (u8 *)address;
}

static void plain_message(struct vcpu *vcpu, u32 identity)
{
    fence(); /* whoever the message interrupts sees what was written before */
    *(volatile u32 *)interrupts_guest_page(vcpu->hart, vcpu->file) = identity;
}

const struct vm_operations plain_operations = {
    .name = "plain",
    .ram = plain_ram,
    .has_interrupt_files = plain_has_interrupt_files,
    .create = plain_create,
    .boot = plain_boot,
    .retire = plain_retire,
    .destroy = plain_destroy,
    .connect = plain_connect,
    .disconnect = plain_disconnect,
    .lose = plain_disconnect,
    .start = plain_start,
    .load = plain_load,
    .save = plain_save,
    .run = plain_run,
    .decode = instruction_decode,
    .call = handle_sbi,
    .skip = plain_skip,
    .raise = plain_raise,
    .is_woken = plain_is_woken,
    .populate = plain_populate,
    .take = plain_take,
    .page = plain_page,
    .message = plain_message,
};
