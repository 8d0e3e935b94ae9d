/* Pages and TVMs that come and go twice. */
#include "attacks.h"
#include "riscv.h"

static struct sbi_result create(u64 root, u64 state)
{
    struct tvm_create_params params = { root, state };
    return covh_call(COVH_CREATE_TVM, (u64)&params, sizeof params, 0, 0, 0, 0);
}

void donate_twice(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 id = victim->id, data = victim_secret(victim), table = victim_address(victim, AT_TABLES);
    if (!trial->is_confidential)
    {
        /* A page of its memory becomes a page table of its: nobody minds. */
        memcpy((void *)data, (void *)victim_address(victim, AT_TABLES + 1), PAGE_SIZE);
        tried_harm(trial, OTHER, "memory as a page table");
        return;
    }
    tried_call(trial, convert_pages(victim->memory, 1), "a page table converted again");
    tried_call(trial, convert_pages((void *)data, 1), "memory converted again");
    tried_call(trial, covh_call(COVH_ADD_TVM_PAGE_TABLE_PAGES, id, data, 1, 0, 0, 0), "memory as a page table");
    tried_call(trial, covh_call(COVH_ADD_TVM_PAGE_TABLE_PAGES, id, table, 1, 0, 0, 0), "a page table as a page table");
    tried_call(trial, covh_call(COVH_ADD_TVM_ZERO_PAGES, id, table, TSM_PAGE_4K, 1, VICTIM_BASE + VICTIM_UNUSED, 0), "a page table as memory");
    tried_call(trial, covh_call(COVH_ADD_TVM_ZERO_PAGES, id, victim_address(victim, AT_VCPU), TSM_PAGE_4K, 1, VICTIM_BASE + VICTIM_UNUSED, 0), "a state as memory");
    tried_call(trial, create(victim_address(victim, AT_ROOT), victim_address(victim, AT_SPARE)), "its root for another TVM");
    u8 *pages = host_pages(8, 16 * KIB);
    give_away(pages, 8);
    tried_call(trial, create((u64)pages, (u64)pages + PAGE_SIZE), "a root and a state that overlap");
    tried_call(trial, create((u64)pages, victim_address(victim, AT_STATE)), "its state for another TVM");
    tried_call(trial, covh_call(COVH_CREATE_TVM_VCPU, id, 0, victim_address(victim, AT_SPARE), 0, 0, 0), "a vCPU twice");
    struct sbi_result made = create((u64)pages, (u64)pages + 16 * KIB);
    must(made, "the TSM does not create a TVM");
    must(covh_call(COVH_DESTROY_TVM, made.value, 0, 0, 0, 0, 0), "the TSM does not destroy a TVM");
    tried_call(trial, covh_call(COVH_DESTROY_TVM, made.value, 0, 0, 0, 0, 0), "a TVM destroyed twice");
    tried_call(trial, covh_call(COVH_FINALIZE_TVM, made.value, 0, 0, 0, 0, 0), "a TVM finalized that is gone");
    must(covh_call(COVH_RECLAIM_PAGES, (u64)pages, 8, 0, 0, 0, 0), "the TSM does not give pages back");
    tried_call(trial, create((u64)pages, (u64)pages + 16 * KIB), "a TVM of pages that are the host's again");
    if (!victim_is_intact(victim))
        succeeded(trial, "the victim is changed");
}

void read_remains(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 page = victim_secret(victim), value = 0;
    if (trial->is_confidential)
    {
        victim_destroy(victim);
        tried_access(trial, probe_load(page, &value), "a load after the victim's end");
        must(covh_call(COVH_RECLAIM_PAGES, (u64)victim->memory, VICTIM_TOTAL, 0, 0, 0, 0), "the TSM does not give pages back");
    }
    for (u64 at = (u64)victim->memory; at < (u64)victim->memory + VICTIM_TOTAL * PAGE_SIZE; at += 8)
    {
        u64 cause = probe_load(at, &value);
        if (cause == 0 && (trial->is_confidential ? value != 0 : value == secret()))
        {
            succeeded(trial, "what is left in its memory");
            return;
        }
    }
    stopped(trial, ZEROED);
}

void run_twice(struct trial *trial)
{
    struct victim *victim = trial->victim, copy;
    victim_share(victim);
    copy = *victim;
    victim_spin(victim);
    if (trial->is_confidential)
    {
        tried_call(trial, covh_call(COVH_RUN_TVM_VCPU, victim->id, 0, 0, 0, 0, 0), "a second run at the same time");
        tried_call(trial, covh_call(COVH_DESTROY_TVM, victim->id, 0, 0, 0, 0, 0), "destroyed while it runs");
    }
    else
    {
        attempt(trial, victim_is_intact(&copy), OTHER, "a second run at the same time");
    }
    struct victim_exit exit = victim_interrupt();
    if (exit.error != SBI_SUCCESS || (exit.cause & CAUSE_INTERRUPT) == 0)
        give_up("the victim has not run until it was interrupted");
}
