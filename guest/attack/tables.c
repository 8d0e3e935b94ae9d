/* Page tables and states, which lie in memory that the host has given. */
#include "attacks.h"

void tamper_tables(struct trial *trial)
{
    struct victim *victim = trial->victim;
    if (!trial->is_confidential)
    {
        u64 *entry = plain_entry(victim, VICTIM_BASE + VICTIM_SECRET);
        u64 value;
        tried_access(trial, probe_load((u64)entry, &value), "a page-table entry");
        tried_access(trial, probe_store((u64)entry, value + (1 << 10)), "a page-table entry");
        tried_harm(trial, OTHER, "the page table is changed");
        return;
    }
    for (unsigned page = AT_ROOT; page < AT_MEMORY; page++)
    {
        u64 value;
        for (u64 offset = 0; offset < PAGE_SIZE; offset += 1024)
        {
            tried_access(trial, probe_load(victim_address(victim, page) + offset, &value), "page tables and states");
            tried_access(trial, probe_store(victim_address(victim, page) + offset, 0), "page tables and states");
        }
    }
    if (!victim_is_intact(victim))
        succeeded(trial, "the page table is changed");
}
