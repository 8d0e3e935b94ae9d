/* The machine's memory, in blocks of 2 MiB, of which some are handed out as pages of 4 KiB. Every hart may call. */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include "types.h"

enum { RESERVED_MAX = 160 };

/* Takes a range over, but for what reserve() excludes. */
void memory_start(struct range memory, const struct range *reserved, unsigned reserved_count);

/* Returns 2^order contiguous pages, aligned to their size, not cleared; 0 if there are none. Order 9 is a block; others are up to 6. */
void *memory_allocate(unsigned order);
void memory_free(void *at, unsigned order);

/* How many pages are free. */
u64 memory_free_pages(void);

#define LARGE_PAGE_ORDER 9

#endif
