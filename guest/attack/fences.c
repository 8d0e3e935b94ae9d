/* Pages that go before everybody has forgotten them. */
#include "attacks.h"
#include "riscv.h"

static u64 other_cause, other_value;

static void load(void *address)
{
    other_cause = probe_load((u64)address, &other_value);
}

static struct sbi_result reclaim(u64 page)
{
    return covh_call(COVH_RECLAIM_PAGES, page, 1, 0, 0, 0, 0);
}

void reclaim_early(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 page = victim_secret(victim), value = 0;
    if (!trial->is_confidential)
    {
        *plain_entry(victim, VICTIM_BASE + VICTIM_SECRET) = 0; /* the host takes it back, with what is in it */
        tried_access(trial, probe_load(page, &value), "a load");
        return;
    }
    tried_call(trial, reclaim(page), "a page of the victim's");
    tried_call(trial, reclaim(victim_address(victim, AT_ROOT)), "its page table");
    tried_call(trial, reclaim(victim_address(victim, AT_STATE)), "its state");
    tried_call(trial, reclaim(victim_address(victim, AT_VCPU)), "its vCPU");
    tried_call(trial, covh_call(COVH_RECLAIM_PAGES, victim_address(victim, AT_SPARE) - PAGE_SIZE, 2, 0, 0, 0, 0), "one of its pages and a free one");
    u8 *converting = host_pages(1, PAGE_SIZE);
    must(convert_pages(converting, 1), "the TSM does not convert a page");
    tried_call(trial, reclaim((u64)converting), "a page that no fence has begun for");
    tried_access(trial, probe_load((u64)converting, &value), "a load from it");
    fence_both();
    must(reclaim((u64)converting), "the TSM does not give a page back");
    must((struct sbi_result){ (s64)probe_load((u64)converting, &value), 0 }, "a page is not back");
}

void skip_fence(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u8 *page = host_pages(1, PAGE_SIZE);
    host_begin(load, page); /* the other hart has its translation */
    host_await();
    if (!trial->is_confidential)
    {
        plain_map(victim, VICTIM_BASE + VICTIM_UNUSED, (u64)page);
        victim_run(victim, COMMAND_STORE, VICTIM_BASE + VICTIM_UNUSED);
        host_begin(load, page);
        host_await();
        attempt(trial, other_cause == 0 && other_value == FOREIGN, OTHER, "a load on the other hart");
        return;
    }
    must(convert_pages(page, 1), "the TSM does not convert a page");
    must(covh_call(COVH_GLOBAL_FENCE, 0, 0, 0, 0, 0, 0), "the TSM does not begin a fence");
    covh_call(COVH_LOCAL_FENCE, 0, 0, 0, 0, 0, 0); /* this hart's part, twice */
    tried_call(trial, covh_call(COVH_GLOBAL_FENCE, 0, 0, 0, 0, 0, 0), "another fence in its place");
    tried_call(trial, covh_call(COVH_ADD_TVM_ZERO_PAGES, victim->id, (u64)page, TSM_PAGE_4K, 1, VICTIM_BASE + VICTIM_UNUSED, 0), "the page used before the other hart's part");
    tried_call(trial, covh_call(COVH_ADD_TVM_PAGE_TABLE_PAGES, victim->id, (u64)page, 1, 0, 0, 0), "the page used for page tables");
    tried_call(trial, reclaim((u64)page), "the page reclaimed");
    host_begin(load, page);
    host_await();
    tried_access(trial, other_cause, "a load on the other hart");
    fence_other();
}

void remove_running(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 at = VICTIM_BASE + VICTIM_SHARED;
    victim_share(victim);
    victim_run(victim, COMMAND_LOAD, at);
    if (!trial->is_confidential)
    {
        /* Nobody makes it wait: the page is somebody else's while the translation is still there. */
        *plain_entry(victim, at) = 0;
        *(u64 *)victim->shared = FOREIGN;
        attempt(trial, *(u64 *)victim->shared == FOREIGN, OTHER, "the page used otherwise");
        return;
    }
    victim_spin(victim);
    must(covh_call(COVH_TVM_INVALIDATE_PAGES, victim->id, at, PAGE_SIZE, 0, 0, 0), "the TSM does not invalidate a page");
    tried_call(trial, covh_call(COVH_TVM_REMOVE_PAGES, victim->id, at, PAGE_SIZE, 0, 0, 0), "the page removed without a fence");
    must(covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "the TSM does not begin a fence");
    tried_call(trial, covh_call(COVH_TVM_REMOVE_PAGES, victim->id, at, PAGE_SIZE, 0, 0, 0), "the page removed before the vCPU has exited");
    tried_call(trial, covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "another fence in its place");
    tried_call(trial, convert_pages(victim->shared, 1), "the page converted while it is mapped");
    victim_interrupt();
    must(covh_call(COVH_TVM_REMOVE_PAGES, victim->id, at, PAGE_SIZE, 0, 0, 0), "the TSM does not remove a page");
    struct victim_exit exit = victim_run(victim, COMMAND_NOTHING, 0); /* it goes on where it was */
    bool faults = exit.cause == CAUSE_LOAD_GUEST_PAGE_FAULT || exit.cause == CAUSE_STORE_GUEST_PAGE_FAULT;
    attempt(trial, !faults || exit.address != at, GUEST_PAGE_FAULT, "an access to what is not mapped");
}
