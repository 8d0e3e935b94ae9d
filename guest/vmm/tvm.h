/* What the VMM knows of a confidential virtual machine's memory. */
#ifndef VMM_TVM_H
#define VMM_TVM_H

#include "loader.h"
#include "types.h"

enum { TVM_POOL_MAX = 8 };

struct tvm
{
    u64 id; /* tvm_guest_id */
    struct range window; /* the memory that the VMM may have mapped from the start; empty for plain virtual machines */
    u32 *blocks; /* for each 2 MiB of the window and of RAM: confidential.c */
    unsigned blocks_order;
    bool is_static; /* confidential memory is the TSM's from the start, which takes from it what the TVM needs */
    u64 control; /* a block for its page tables, its state and that of its virtual harts */
    u64 pool[TVM_POOL_MAX]; /* blocks that belong to the TSM, and are not assigned */
    unsigned pool_count;
    u64 unassigned; /* blocks that it can still come to need */
    u64 private_pages;
    u64 shared_pages;
    unsigned reads_refused; /* of the VMM's, of its memory */
    bool has_complained; /* of an address outside shared memory */
    struct loader loader;
};

#endif
