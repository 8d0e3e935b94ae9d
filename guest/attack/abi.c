/* Arguments that no honest host gives. */
#include "attacks.h"

enum { CALLS = 2000, SCRATCH_PAGES = 64, COVI_FUNCTIONS = 11, COVH_FUNCTIONS = 21 };

struct fuzzer
{
    u64 state;
    const struct victim *victim;
    u8 *scratch;
};

static u64 next(struct fuzzer *fuzzer)
{
    fuzzer->state ^= fuzzer->state << 13;
    fuzzer->state ^= fuzzer->state >> 7;
    fuzzer->state ^= fuzzer->state << 17;
    return fuzzer->state;
}

/* Something that a careless check lets through: nearly right, huge, or whatever. */
static u64 argument(struct fuzzer *fuzzer)
{
    u64 random = next(fuzzer), page = (random >> 32 & 63) * PAGE_SIZE;
    switch (random % 16)
    {
        case 0: return 0;
        case 1: return ~0ul;
        case 2: return 1ul << (random >> 8 & 63);
        case 3: return ~0ul << (random >> 8 & 63);
        case 4: return random;
        case 5: return random >> 8 & 7;
        case 6: return random >> 8 & 0xFFFF;
        case 7: return 0x80000000 + page; /* firmware */
        case 8: return ~0ul - page;
        case 9: return victim_address(fuzzer->victim, random >> 8 & 31);
        case 10: return victim_address(fuzzer->victim, random >> 8 & 31) | (random >> 13 & 4095);
        case 11: return VICTIM_BASE + page;
        case 12: return fuzzer->victim->id;
        case 13: return fuzzer->victim->id + 1;
        case 14: return (u64)fuzzer->scratch + (page & (SCRATCH_PAGES * PAGE_SIZE - 1)) + (random >> 40 & 1);
        default: return (u64)fuzzer->scratch + (page & (SCRATCH_PAGES * PAGE_SIZE - 1));
    }
}

/* What would take the program itself away, or end what is to be looked at afterwards, is no malformed argument. */
static bool is_fair(const struct fuzzer *fuzzer, u64 function, const u64 *a)
{
    u64 id = fuzzer->victim->id;
    if (function == COVH_CONVERT_PAGES)
        return a[0] % PAGE_SIZE != 0 || a[0] - (u64)fuzzer->scratch >= SCRATCH_PAGES * PAGE_SIZE || a[1] > SCRATCH_PAGES;
    return function != COVH_DESTROY_TVM || a[0] != id;
}

static void fuzz(void *argument_)
{
    struct fuzzer *fuzzer = argument_;
    for (unsigned i = 0; i < CALLS; i++)
    {
        u64 a[6];
        for (unsigned j = 0; j < 6; j++)
            a[j] = argument(fuzzer);
        u64 choice = next(fuzzer) >> 20;
        u64 function = choice % COVH_FUNCTIONS;
        if (choice % 4 == 0)
            covi_call(choice / 4 % (COVI_FUNCTIONS + 1), a[0], a[1], a[2]);
        else if (is_fair(fuzzer, function, a) && function != COVH_RUN_TVM_VCPU)
            covh_call((u32)function, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

static void fuzz_other(void *fuzzer)
{
    fuzz(fuzzer);
    must(sbi_call(SBI_NACL, NACL_SET_SHMEM, (u64)host_shared(), 0, 0, 0, 0), "the TSM does not take shared memory");
}

void malformed_calls(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 value = 0;
    if (!trial->is_confidential)
        return; /* nobody to call */
    struct fuzzer here = { 0x9E3779B97F4A7C15, victim, host_pages(SCRATCH_PAGES, PAGE_SIZE) };
    struct fuzzer there = { 0xD1B54A32D192ED03, victim, host_pages(SCRATCH_PAGES, PAGE_SIZE) };
    host_begin(fuzz_other, &there);
    fuzz(&here);
    host_await();
    fence_other(); /* of a fence that may be under way */
    covh_call(COVH_LOCAL_FENCE, 0, 0, 0, 0, 0, 0);
    /* The host may have invalidated its pages, so that it waits; that is no harm. */
    tried_access(trial, probe_load(victim_secret(victim), &value), "the victim's memory");
    for (u64 i = 0; i < VICTIM_PAGES; i++)
        covh_call(COVH_TVM_VALIDATE_PAGES, victim->id, VICTIM_BASE + i * PAGE_SIZE, PAGE_SIZE, 0, 0, 0);
    tried_harm(trial, IGNORED, "the victim is changed");
    struct victim another;
    victim_launch(&another, true, victim_image); /* and the TSM still works */
    trial->attempts += 2 * CALLS;
}
