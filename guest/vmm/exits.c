#include "exits.h"

#include "console.h"
#include "instruction.h"
#include "network.h"
#include "print.h"
#include "riscv.h"

#define INSTRUCTION_WFI 0x10500073u
#define INSTRUCTION_WRS_NTO 0x00D00073u

/* The guest physical address of a guest-page fault. */
static u64 fault_address(const struct context *context)
{
    return context->htval << 2 | (context->stval & 3);
}

static enum verdict emulate(struct vcpu *vcpu, u64 address)
{
    struct vm *vm = vcpu->vm;
    struct context *context = &vcpu->context;
    bool is_store = context->scause == CAUSE_STORE_GUEST_PAGE_FAULT;
    u64 fault = is_store ? CAUSE_STORE_ACCESS_FAULT : CAUSE_LOAD_ACCESS_FAULT;
    struct access access;
    if (context->scause == CAUSE_INSTRUCTION_GUEST_PAGE_FAULT || !vm->operations->decode(context, &access) || access.is_store != is_store)
    {
        vm->operations->raise(vcpu, context->scause == CAUSE_INSTRUCTION_GUEST_PAGE_FAULT ? 1 : fault, context->stval);
        return GO_ON;
    }
    vcpu->counts.exits[is_store ? EXIT_MMIO_STORE : EXIT_MMIO_LOAD]++;
    lock_acquire(&vm->lock);
    struct device *device = vm_device(vm, address);
    if (device != NULL && is_store)
        device->write(device, address - device->range.start, access.size, access_value(context, &access));
    else if (device != NULL)
        access_set(context, &access, device->read(device, address - device->range.start, access.size));
    lock_release(&vm->lock);
    if (device == NULL)
        vm->operations->raise(vcpu, fault, context->stval);
    else
        vm->operations->skip(vcpu, access.length);
    network_deliver();
    return GO_ON;
}

static enum verdict guest_page_fault(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    u64 address = fault_address(&vcpu->context);
    if (!vm_has_memory(vm, address))
        return emulate(vcpu, address);
    vcpu->counts.exits[EXIT_PAGE_FAULT]++;
    lock_acquire(&vm->lock);
    bool done = vm->operations->populate(vm, address);
    lock_release(&vm->lock);
    if (!done)
    {
        print("vm%u: the machine's memory is used up: give it more with --memory, or its virtual machines less", vm->index);
        vm_stop(vm, VM_FAILURE);
        return LOOK_AROUND;
    }
    return GO_ON;
}

static enum verdict virtual_instruction(struct vcpu *vcpu)
{
    struct context *context = &vcpu->context;
    u16 half[2] = { 0 };
    if (context->stval == 0 && guest_fetch(context->pc, &half[0]) && guest_fetch(context->pc + 2, &half[1]))
        context->stval = (u64)half[1] << 16 | half[0];
    if ((u32)context->stval == INSTRUCTION_WFI)
    {
        vcpu->counts.exits[EXIT_WFI]++;
        vcpu->vm->operations->skip(vcpu, 4);
        __atomic_store_n(&vcpu->state, VCPU_WAITING, __ATOMIC_RELEASE);
        return LOOK_AROUND;
    }
    if ((u32)context->stval == INSTRUCTION_WRS_NTO)
    {
        /* It waits for another virtual hart's store, of which nobody will tell: let the others have their turn. */
        vcpu->counts.exits[EXIT_YIELD]++;
        vcpu->vm->operations->skip(vcpu, 4);
        return LOOK_AROUND;
    }
    vcpu->counts.exits[EXIT_OTHER]++;
    vcpu->vm->operations->raise(vcpu, CAUSE_ILLEGAL_INSTRUCTION, context->stval);
    return GO_ON;
}

static enum verdict interrupt(struct vcpu *vcpu, u64 code)
{
    switch (code)
    {
        case INTERRUPT_TIMER:
            vcpu->counts.exits[EXIT_TIMER]++;
            break;
        case INTERRUPT_SOFTWARE:
            vcpu->counts.exits[EXIT_SOFTWARE]++;
            break;
        case INTERRUPT_EXTERNAL:
            vcpu->counts.exits[EXIT_EXTERNAL]++;
            break;
        default:
            vcpu->counts.exits[EXIT_GUEST_EXTERNAL]++;
            break;
    }
    return LOOK_AROUND; /* what it is about is looked at there, as when the hart sleeps */
}

enum verdict handle_exit(struct vcpu *vcpu)
{
    u64 cause = vcpu->context.scause;
    if ((cause & CAUSE_INTERRUPT) != 0)
        return interrupt(vcpu, cause & ~CAUSE_INTERRUPT);
    switch (cause)
    {
        case CAUSE_ECALL_FROM_VS:
            vcpu->counts.exits[EXIT_SBI]++;
            return vcpu->vm->operations->call(vcpu);
        case CAUSE_INSTRUCTION_GUEST_PAGE_FAULT:
        case CAUSE_LOAD_GUEST_PAGE_FAULT:
        case CAUSE_STORE_GUEST_PAGE_FAULT:
            return guest_page_fault(vcpu);
        case CAUSE_VIRTUAL_INSTRUCTION:
            return virtual_instruction(vcpu);
        default:
            print("vm%u: virtual hart %u trapped with cause %lx at %lx, which nothing handles", vcpu->vm->index, vcpu->index, cause, vcpu->context.pc);
            vm_stop(vcpu->vm, VM_FAILURE);
            return LOOK_AROUND;
    }
}
