/* What is measured, and what runs. */
#include "attacks.h"
#include "riscv.h"

/* The victim's evidence, as a line of JSON: `covejit attack` has it verified. Only the first victim is the one whose image was measured. */
static bool tell_evidence(struct victim *victim, const char *name)
{
    victim_share(victim);
    struct victim_exit exit = victim_run(victim, COMMAND_EVIDENCE, 0);
    u64 size = exit.value;
    if (exit.status != 0 || size > VICTIM_SHARED_SIZE || victim_run(victim, COMMAND_PUBLISH, VICTIM_BASE + VICTIM_SHARED).cause != CAUSE_ECALL_FROM_VS)
        return false;
    say("{\"evidence\":\"");
    say(name);
    say("\",\"certificate\":\"");
    say_hex(victim->shared, size);
    say("\"}\n");
    return true;
}

void change_image(struct trial *trial)
{
    struct victim *victim = trial->victim, changed, late;
    u8 *image = host_pages(2, PAGE_SIZE);
    memcpy(image, victim_image, 2 * PAGE_SIZE);
    image[PAGE_SIZE - 1] ^= 1;
    victim_launch(&changed, trial->is_confidential, image);
    if (!trial->is_confidential)
    {
        succeeded(trial, "another image runs, and nobody can tell"); /* it has answered: victim_launch has checked that */
        return;
    }
    if (!tell_evidence(victim, "genuine") || !tell_evidence(&changed, "changed"))
        give_up("the victim does not get evidence");
    stopped(trial, MEASURED); /* unless the verifier accepts it */
    tried_call(trial, covh_call(COVH_ADD_TVM_MEASURED_PAGES, victim->id, (u64)image, victim_address(victim, AT_SPARE), TSM_PAGE_4K, 1, VICTIM_BASE + VICTIM_UNUSED), "measured pages after the end of the measurement");
    tried_call(trial, covh_call(COVH_FINALIZE_TVM, victim->id, VICTIM_BASE + 4, 0, 0, 0, 0), "finalized twice");

    /* The source changes after it is measured; the copy does not. */
    memcpy(image, victim_image, 2 * PAGE_SIZE);
    victim_prepare(&late, true);
    tried_call(trial, covh_call(COVH_RUN_TVM_VCPU, late.id, 0, 0, 0, 0, 0), "run before it is measured");
    tried_call(trial, covh_call(COVH_ADD_TVM_ZERO_PAGES, late.id, victim_address(&late, AT_SPARE), TSM_PAGE_4K, 1, VICTIM_BASE, 0), "memory that is not measured");
    victim_measure(&late, image);
    memset(image, 0, 2 * PAGE_SIZE);
    victim_finalize(&late);
    struct victim_exit exit = victim_run(&late, COMMAND_NOTHING, 0);
    attempt(trial, exit.cause != CAUSE_ECALL_FROM_VS || !victim_is_intact(&late), IGNORED, "the source changed");
}
