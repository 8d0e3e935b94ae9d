#include "hart.h"

#include "confidential.h"
#include "console.h"
#include "exits.h"
#include "fences.h"
#include "interrupts.h"
#include "network.h"
#include "print.h"
#include "riscv.h"
#include "sbi.h"
#include "vm.h"

#define TIME_SLICE 10 /* milliseconds, where several virtual harts want the hart */

struct hart harts[HARTS_MAX];

u64 hart_mask(void)
{
    u64 mask = 0;
    for (unsigned i = 0; i < machine.hart_count; i++)
        mask |= BIT(harts[i].id);
    return mask;
}

void hart_wake_at(u64 time)
{
    struct hart *hart = this_hart();
    if (time < hart->deadline)
    {
        hart->deadline = time;
        csr_write(stimecmp, time);
    }
}

void hart_kick(struct hart *hart)
{
    sbi_send_ipi(hart->id);
}

void lock_wait(void)
{
    __asm__ volatile(".insn 0x0100000f"); /* pause */
    fences_pass();
}

/* Called by entry.S: the VMM is never to trap. */
_Noreturn void host_trap(u64 cause, u64 sp, u64 ra)
{
    fail("the VMM trapped on hart %u: cause %lx at %lx, value %lx, sp %lx, called from %lx", this_hart()->index, cause, csr_read(sepc), csr_read(stval), sp, ra);
}

/* The machine's own interrupts, which are never taken here: they end WFI or a virtual hart's run, and are then looked at. */
static void look_at_interrupts(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    fences_pass();
    u32 identity;
    while ((identity = interrupts_claim()) != 0)
    {
        if (identity == machine.serial_source)
            console_receive();
        network_receive(identity);
    }
    console_poll();
}

/* Brings a virtual hart's state up to date; returns whether it can run. Otherwise *deadline is when it may, if nothing happens before. */
static bool refresh(struct vcpu *vcpu, u64 *deadline)
{
    struct vm *vm = vcpu->vm;
    *deadline = ~0ul;
    if (vm_state(vm) != VM_RUNNING)
    {
        if (vm_state(vm) == VM_STOPPING && !vcpu->retired)
            vm_retire(vcpu);
        return false;
    }
    switch (vcpu_state(vcpu))
    {
        case VCPU_STARTING:
            vm->operations->start(vcpu);
            __atomic_store_n(&vcpu->state, VCPU_RUNNABLE, __ATOMIC_RELEASE);
            return true;
        case VCPU_RUNNABLE:
            return true;
        case VCPU_WAITING:
            if (!vm->operations->is_woken(vcpu, deadline))
                return false;
            __atomic_store_n(&vcpu->state, VCPU_RUNNABLE, __ATOMIC_RELEASE);
            return true;
        default:
            return false;
    }
}

/* The virtual hart whose turn it is, or NULL. Prepares the hart for what shall interrupt that one, or end its sleep. */
static struct vcpu *choose(struct hart *hart)
{
    struct vcpu *chosen = NULL;
    unsigned runnable = 0;
    u64 files = 0; /* guest interrupt files of virtual harts that wait */
    u64 first_deadline = ~0ul;
    hart->deadline = ~0ul;
    csr_write(stimecmp, ~0ul);
    look_at_interrupts();
    if (hart->index == machine.boot_hart)
        vm_watch();
    for (unsigned i = 0; i < hart->vcpu_count; i++)
    {
        unsigned at = (hart->next + i) % hart->vcpu_count;
        struct vcpu *vcpu = hart->vcpus[at];
        u64 deadline;
        if (refresh(vcpu, &deadline))
        {
            if (runnable++ == 0)
                chosen = vcpu;
        }
        else if (vcpu_state(vcpu) == VCPU_WAITING && !vcpu->retired)
        {
            files |= vcpu->file != 0 ? BIT(vcpu->file) : 0;
            first_deadline = min_u64(first_deadline, deadline);
        }
    }
    csr_write(hgeie, files);
    hart_wake_at(first_deadline);
    if (runnable > 1)
        hart_wake_at(now() + milliseconds(TIME_SLICE));
    return chosen;
}

static void run(struct vcpu *vcpu)
{
    const struct vm_operations *operations = vcpu->vm->operations;
    operations->load(vcpu);
    enum verdict verdict;
    do
    {
        u64 instructions = csr_read(instret);
        u64 ticks = now();
        operations->run(vcpu);
        vcpu->counts.ticks += now() - ticks;
        vcpu->counts.instructions += csr_read(instret) - instructions;
        verdict = handle_exit(vcpu);
    } while (verdict == GO_ON && vm_state(vcpu->vm) == VM_RUNNING);
    operations->save(vcpu);
}

void hart_main(struct hart *hart)
{
    csr_write(hgeie, ~0ul); /* WARL: tells how many there are */
    u64 files = csr_read(hgeie);
    csr_write(hgeie, 0);
    if ((hart->free_files & ~files) != 0)
        fail("hart %u has fewer guest interrupt files than the device tree says", hart->index);
    interrupts_start();
    if (hart->index != machine.boot_hart)
    {
        confidential_start_hart();
    }
    else /* which has made virtual machines already */
    {
        interrupts_enable_source(machine.serial_source);
        interrupts_enable_source(machine.network.source);
        console_enable_input();
    }
    csr_write(sie, BIT(INTERRUPT_SOFTWARE) | BIT(INTERRUPT_TIMER) | BIT(INTERRUPT_EXTERNAL));
    csr_write(hie, BIT(INTERRUPT_GUEST_EXTERNAL));
    for (;;)
    {
        struct vcpu *vcpu = choose(hart);
        if (vcpu == NULL)
        {
            wait_for_interrupt();
            continue;
        }
        for (unsigned i = 0; i < hart->vcpu_count; i++)
            if (hart->vcpus[i] == vcpu)
                hart->next = (i + 1) % hart->vcpu_count;
        run(vcpu);
    }
}
