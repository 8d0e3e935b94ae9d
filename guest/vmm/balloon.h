/* A virtual machine's balloon: how much of its memory it is to give back, and what has come of that. With the virtual machine's lock held. */
#ifndef VMM_BALLOON_H
#define VMM_BALLOON_H

#include "types.h"

struct virtio;
struct vm;

struct balloon
{
    struct virtio *device; /* NULL: it has none */
    u64 start; /* the time its steps count from */
    unsigned step; /* the next one */
    u32 target; /* pages that the driver is to give */
    u32 actual; /* pages that it says it has given */
    bool has_buffer; /* for memory statistics, in the device's hands */
    u16 buffer; /* the head of that chain */

    /* Counted over all starts, in pages of 4 KiB. */
    u64 inflated; /* named by the driver, and the virtual machine's to give */
    u64 deflated;
    u64 reported; /* free in the virtual machine: it may take them again at any time */
    u64 returned; /* came back to the machine's free memory */
    u32 most; /* the largest that the driver has said */

    /* What the driver has told last of its memory, in bytes. */
    u64 guest_free;
    u64 guest_total;
};

/* Gives a virtual machine that starts a balloon, if it is to have one. */
void balloon_reset(struct vm *vm);

/* Whether its target is still to change. */
bool balloon_is_pending(const struct vm *vm);

/* Sets the target whose time has come. */
void balloon_watch(struct vm *vm);

#endif
