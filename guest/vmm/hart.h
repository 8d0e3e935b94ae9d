/* A hart of the machine: which virtual harts it runs, and what it waits for. */
#ifndef VMM_HART_H
#define VMM_HART_H

#include "machine.h"
#include "types.h"

struct vcpu;

enum { HART_VCPUS_MAX = 63 }; /* as many as a hart can have guest interrupt files */

struct hart
{
    u64 stack_top; /* entry.S */
    unsigned index;
    u64 id; /* mhartid, as the firmware names it */
    struct vcpu *vcpus[HART_VCPUS_MAX]; /* those that run here, and nowhere else */
    unsigned vcpu_count;
    unsigned guest_files;
    u64 free_files; /* guest interrupt files, bit n for file n */
    unsigned next; /* of vcpus: whose turn it is */
    u64 deadline; /* stimecmp */
    bool started;
    u64 fences; /* the last fence that it has passed: fences.c; atomic */
};

extern struct hart harts[HARTS_MAX];

static inline struct hart *this_hart(void)
{
    struct hart *hart;
    __asm__("mv %0, tp" : "=r"(hart));
    return hart;
}

/* Where a hart begins, on its own stack; it does not return. */
_Noreturn void hart_main(struct hart *hart);

/* Makes the hart's timer interrupt come at a time, if it would not come earlier. */
void hart_wake_at(u64 time);

/* All harts that run, bit n for mhartid n. */
u64 hart_mask(void);

/* Makes another hart leave its virtual hart, or its sleep, and look around. */
void hart_kick(struct hart *hart);

#endif
