/* What the host maps where. */
#include "attacks.h"
#include "riscv.h"

static struct sbi_result add_zero(const struct victim *victim, u64 page, u64 type, u64 guest)
{
    return covh_call(COVH_ADD_TVM_ZERO_PAGES, victim->id, page, type, 1, guest, 0);
}

static struct sbi_result add_shared(const struct victim *victim, u64 page, u64 type, u64 guest)
{
    return covh_call(COVH_ADD_TVM_SHARED_PAGES, victim->id, page, type, 1, guest, 0);
}

static struct sbi_result on_range(u32 function, const struct victim *victim, u64 guest)
{
    return covh_call(function, victim->id, guest, PAGE_SIZE, 0, 0, 0);
}

/* Whether a victim, told to load from an address, gets a value. */
static bool loads(struct victim *victim, u64 guest, u64 value)
{
    struct victim_exit exit = victim_run(victim, COMMAND_LOAD, guest);
    return exit.cause == CAUSE_ECALL_FROM_VS && exit.status == 0 && exit.value == value;
}

void map_twice(struct trial *trial)
{
    struct victim *victim = trial->victim, sibling;
    u64 page = victim_secret(victim), at = VICTIM_BASE + VICTIM_UNUSED;
    victim_launch(&sibling, trial->is_confidential, victim_image);
    if (!trial->is_confidential)
    {
        plain_map(&sibling, at, page);
        attempt(trial, loads(&sibling, at, secret()), OTHER, "a second mapping");
        return;
    }
    tried_call(trial, add_zero(&sibling, page, TSM_PAGE_4K, at), "as confidential memory of another");
    victim_share(&sibling);
    tried_call(trial, on_range(COVH_TVM_INVALIDATE_PAGES, &sibling, at), "a mapping that is none");
    tried_call(trial, add_shared(&sibling, page, TSM_PAGE_4K, VICTIM_BASE + VICTIM_SHARED), "as shared memory of another");
    struct victim third;
    victim_prepare(&third, true);
    tried_call(trial, covh_call(COVH_ADD_TVM_MEASURED_PAGES, third.id, page, victim_address(&third, AT_SPARE), TSM_PAGE_4K, 1, at), "as the source of measured pages");
    tried_call(trial, covh_call(COVH_ADD_TVM_MEASURED_PAGES, third.id, (u64)victim_image, page, TSM_PAGE_4K, 1, at), "as the memory of measured pages");
}

void map_replaced(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 at = VICTIM_BASE + VICTIM_SECRET, spare = victim_address(victim, AT_SPARE);
    if (!trial->is_confidential)
    {
        plain_map(victim, at, spare);
        attempt(trial, !victim_is_intact(victim), OTHER, "a page in place of another");
        return;
    }
    tried_call(trial, add_zero(victim, spare, TSM_PAGE_4K, at), "a confidential page");
    tried_call(trial, add_shared(victim, (u64)host_pages(1, PAGE_SIZE), TSM_PAGE_4K, at), "a page of the host's");
    must(on_range(COVH_TVM_INVALIDATE_PAGES, victim, at), "the TSM does not invalidate a page");
    tried_call(trial, add_zero(victim, spare, TSM_PAGE_4K, at), "a confidential page, after it is invalidated");
    must(covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "the TSM does not fence");
    tried_call(trial, add_zero(victim, spare, TSM_PAGE_4K, at), "a confidential page, after the fence");
    must(on_range(COVH_TVM_VALIDATE_PAGES, victim, at), "the TSM does not validate a page");
    tried_harm(trial, BAD_ADDRESS, "the page is another one");
}

void map_alias(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 at = VICTIM_BASE + VICTIM_UNUSED, page = victim_secret(victim);
    if (!trial->is_confidential)
    {
        plain_map(victim, at, page);
        attempt(trial, loads(victim, at, secret()), OTHER, "an alias");
        return;
    }
    u8 *large = host_pages(512, LARGE_PAGE_SIZE);
    give_away(large, 512);
    tried_call(trial, add_zero(victim, page, TSM_PAGE_4K, at), "its own page again");
    tried_call(trial, add_zero(victim, (u64)large, TSM_PAGE_2M, VICTIM_BASE), "a large page over small ones");
    tried_call(trial, add_zero(victim, (u64)large + PAGE_SIZE, TSM_PAGE_2M, VICTIM_BASE + VICTIM_SHARED), "a large page that is not aligned");
    tried_call(trial, add_zero(victim, (u64)large, TSM_PAGE_2M, at), "a large page at an address that is not aligned");
    tried_call(trial, add_zero(victim, align_down(page, LARGE_PAGE_SIZE), TSM_PAGE_2M, VICTIM_BASE + VICTIM_SHARED), "a large page around the victim's");
    tried_call(trial, add_zero(victim, (u64)large, TSM_PAGE_1G, VICTIM_BASE), "a page of a gigabyte");
    tried_call(trial, add_zero(victim, (u64)large, TSM_PAGE_4K, VICTIM_BASE + VICTIM_SIZE), "outside of its regions");
    tried_call(trial, add_zero(victim, (u64)large, TSM_PAGE_4K, VICTIM_BASE | 1ul << 50), "at an address that has an alias");
    tried_call(trial, add_zero(victim, (u64)large | 1ul << 56, TSM_PAGE_4K, at), "from an address that has an alias");
    must(add_zero(victim, (u64)large, TSM_PAGE_2M, VICTIM_BASE + VICTIM_SHARED), "the TSM does not add a large page");
    tried_call(trial, add_zero(victim, victim_address(victim, AT_SPARE), TSM_PAGE_4K, VICTIM_BASE + VICTIM_SHARED + PAGE_SIZE), "a small page in a large one");
    tried_call(trial, on_range(COVH_TVM_INVALIDATE_PAGES, victim, VICTIM_BASE + VICTIM_SHARED), "a part of a large page taken away");
}

void map_reordered(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 a = VICTIM_BASE + VICTIM_SECRET, b = VICTIM_BASE + VICTIM_CHALLENGE;
    u64 page_a = victim_secret(victim), page_b = page_a + PAGE_SIZE;
    if (!trial->is_confidential)
    {
        plain_map(victim, a, page_b);
        plain_map(victim, b, page_a);
        attempt(trial, !victim_is_intact(victim), OTHER, "two pages exchanged");
        return;
    }
    must(covh_call(COVH_TVM_INVALIDATE_PAGES, victim->id, a, 2 * PAGE_SIZE, 0, 0, 0), "the TSM does not invalidate pages");
    must(covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "the TSM does not fence");
    tried_call(trial, add_zero(victim, page_b, TSM_PAGE_4K, a), "the second page in the first one's place");
    tried_call(trial, add_zero(victim, page_a, TSM_PAGE_4K, b), "the first page in the second one's place");
    tried_call(trial, on_range(COVH_TVM_REMOVE_PAGES, victim, a), "the first page removed");
    must(covh_call(COVH_TVM_VALIDATE_PAGES, victim->id, a, 2 * PAGE_SIZE, 0, 0, 0), "the TSM does not validate pages");
    tried_harm(trial, BAD_ADDRESS, "the pages are exchanged");
}

void map_dropped(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 at = VICTIM_BASE + VICTIM_SECRET, page = victim_secret(victim);
    if (!trial->is_confidential)
    {
        /* What was there before it changed. */
        u8 *old = host_pages(1, PAGE_SIZE);
        memcpy(old, (const void *)page, PAGE_SIZE);
        victim_run(victim, COMMAND_STORE, at + 64);
        plain_map(victim, at, (u64)old);
        attempt(trial, loads(victim, at + 64, 0), OTHER, "an old page");
        return;
    }
    victim_run(victim, COMMAND_STORE, at + 64);
    tried_call(trial, on_range(COVH_TVM_REMOVE_PAGES, victim, at), "a mapped page removed");
    must(on_range(COVH_TVM_INVALIDATE_PAGES, victim, at), "the TSM does not invalidate a page");
    tried_call(trial, on_range(COVH_TVM_REMOVE_PAGES, victim, at), "a page removed before the fence");
    tried_call(trial, on_range(COVH_TVM_INVALIDATE_PAGES, victim, at), "a page invalidated twice");
    must(covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "the TSM does not fence");
    tried_call(trial, on_range(COVH_TVM_REMOVE_PAGES, victim, at), "a page removed that the victim has not given up");
    tried_call(trial, covh_call(COVH_RECLAIM_PAGES, page, 1, 0, 0, 0, 0), "a page reclaimed");
    /* The victim waits; it does not go on without the page. */
    struct victim_exit exit = victim_run(victim, COMMAND_LOAD, at + 64);
    attempt(trial, exit.cause != CAUSE_LOAD_GUEST_PAGE_FAULT, GUEST_PAGE_FAULT, "it loads from a page that is gone");
    must(on_range(COVH_TVM_VALIDATE_PAGES, victim, at), "the TSM does not validate a page");
    exit = victim_run(victim, COMMAND_NOTHING, 0); /* the load is made again */
    attempt(trial, exit.value != FOREIGN, BAD_ADDRESS, "the page is an old one");
    tried_call(trial, on_range(COVH_TVM_VALIDATE_PAGES, victim, at), "a page validated twice");
}
