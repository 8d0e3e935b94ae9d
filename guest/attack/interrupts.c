/* Interrupts that the victim has not asked for. */
#include "attacks.h"
#include "riscv.h"

enum { INJECT = 7 }; /* sbi_covi_inject_tvm_cpu */

static u64 pending(struct victim *victim)
{
    return victim_run(victim, COMMAND_PENDING, 0).value;
}

void inject_interrupt(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 all = BIT(INTERRUPT_VIRTUAL_SOFTWARE) | BIT(INTERRUPT_VIRTUAL_TIMER) | BIT(INTERRUPT_VIRTUAL_EXTERNAL);
    if (!trial->is_confidential)
    {
        victim->hvip = all;
        attempt(trial, pending(victim) != 0, OTHER, "hvip");
        return;
    }
    struct nacl *nacl = host_shared();
    nacl->csrs[NACL_HVIP] = all;
    attempt(trial, pending(victim) != 0, IGNORED, "hvip in shared memory");
    csr_write(hvip, all);
    attempt(trial, pending(victim) != 0, IGNORED, "the hart's hvip");
    csr_write(hvip, 0);
    for (u64 id = 1; id < 64; id += 9)
        tried_call(trial, covi_call(INJECT, victim->id, 0, id), "an external interrupt");
    /* It allows external ones, and gets those alone. */
    victim_run(victim, COMMAND_COVG | 4 << 8, ~0ul);
    u64 taken = pending(victim);
    attempt(trial, taken != BIT(INTERRUPT_EXTERNAL), IGNORED, "other interrupts than those that are allowed");
    nacl->csrs[NACL_HVIP] = 0;
    tried_harm(trial, IGNORED, "the victim is disturbed");
}
