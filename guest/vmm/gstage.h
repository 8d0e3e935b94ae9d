/* G-stage page tables (Sv39x4): from a virtual machine's physical addresses to the machine's. Callers hold the virtual machine's lock. */
#ifndef VMM_GSTAGE_H
#define VMM_GSTAGE_H

#include "types.h"

struct gstage
{
    u64 *root;
    u64 table_pages;
    u64 owned_pages; /* of 4 KiB, that are given back with the tables */
};

enum { GSTAGE_ADDRESS_BITS = 41 };

/* Returns false without memory. */
bool gstage_create(struct gstage *tables);

/* Frees the tables and what they own. No hart may use them any more. */
void gstage_destroy(struct gstage *tables);

/* Maps a page of PAGE_SIZE or LARGE_PAGE_SIZE, aligned, where nothing is mapped. Returns false without memory. */
bool gstage_map(struct gstage *tables, u64 guest, u64 address, u64 size, bool owned);

/*
 * Takes away, in two steps, what is mapped in a range of whole pages and owned: from the first on it is not mapped, and once the harts are fenced the second
 * frees it. A large page that reaches beyond the range is divided; without memory for that it stays. The second returns how many pages of 4 KiB it has freed.
 */
void gstage_block(struct gstage *tables, struct range range);
u64 gstage_release(struct gstage *tables, struct range range);

/* The machine's address of a byte, or 0 if it is not mapped. */
u64 gstage_find(const struct gstage *tables, u64 guest);

/* Whether anything is mapped in the 2 MiB around an address. */
bool gstage_holds_table(const struct gstage *tables, u64 guest);

/* The value of hgatp. */
u64 gstage_hgatp(const struct gstage *tables, u64 vmid);

#endif
