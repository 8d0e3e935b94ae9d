/* A virtual machine as the attacker, or led astray. */
#include "attacks.h"
#include "riscv.h"

void read_sibling(struct trial *trial)
{
    struct victim *victim = trial->victim, attacker;
    u64 page = victim_secret(victim), at = VICTIM_BASE + VICTIM_UNUSED;
    victim_launch(&attacker, trial->is_confidential, victim_image);
    if (!trial->is_confidential)
    {
        plain_map(&attacker, at, page); /* its host helps */
        struct victim_exit exit = victim_run(&attacker, COMMAND_LOAD, at);
        attempt(trial, exit.status == 0 && exit.value == secret(), OTHER, "the sibling's memory");
        return;
    }
    tried_call(trial, covh_call(COVH_ADD_TVM_ZERO_PAGES, attacker.id, page, TSM_PAGE_4K, 1, at, 0), "the host maps the sibling's memory");
    const struct { u64 address; const char *what; } targets[] = {
        { page, "the sibling's memory, by its physical address" },
        { (u64)&attack_all, "the host's program" },
        { 0x80000000, "the firmware" },
        { 0x10000000, "the serial port" },
        { VICTIM_BASE + VICTIM_SIZE, "what is behind its memory" },
    };
    for (unsigned i = 0; i < COUNT_OF(targets); i++)
    {
        struct victim one;
        victim_launch(&one, true, victim_image);
        struct victim_exit exit = victim_run(&one, i % 2 == 0 ? COMMAND_LOAD : COMMAND_STORE, targets[i].address);
        attempt(trial, exit.cause != CAUSE_LOAD_GUEST_PAGE_FAULT && exit.cause != CAUSE_STORE_GUEST_PAGE_FAULT, GUEST_PAGE_FAULT, targets[i].what);
    }
    if (!victim_is_intact(victim))
        succeeded(trial, "the sibling is changed");
}

void execute_shared(struct trial *trial)
{
    struct victim *victim = trial->victim;
    victim_share(victim);
    *(u32 *)victim->shared = 0x8082; /* ret */
    fence();
    struct victim_exit exit = victim_run(victim, COMMAND_JUMP, VICTIM_BASE + VICTIM_SHARED);
    attempt(trial, exit.cause == CAUSE_ECALL_FROM_VS && exit.status == 0, exit.status == INSTRUCTION_ACCESS_FAULT ? FETCH_FAULT : OTHER, "code of the host's");
}

void call_as_guest(struct trial *trial)
{
    if (!trial->is_confidential)
        return; /* it has nobody to call */
    for (u64 function = COVH_GET_TSM_INFO; function <= COVH_TVM_REMOVE_PAGES; function++)
    {
        struct victim_exit exit = victim_run(trial->victim, COMMAND_COVH | function << 8, VICTIM_BASE + VICTIM_SECRET);
        tried_call(trial, (struct sbi_result){ exit.cause == CAUSE_ECALL_FROM_VS ? (s64)exit.status : 0, 0 }, "a call of the host's");
    }
    if (!victim_is_intact(trial->victim))
        succeeded(trial, "the victim is changed");
}
