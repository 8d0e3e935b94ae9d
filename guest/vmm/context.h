/* What entry.S knows of a virtual hart: offsets into struct context. */
#ifndef VMM_CONTEXT_H
#define VMM_CONTEXT_H

#define CONTEXT_X 0
#define CONTEXT_PC 256
#define CONTEXT_SSTATUS 264
#define CONTEXT_HSTATUS 272
#define CONTEXT_HOST_SP 280
#define CONTEXT_SCAUSE 288
#define CONTEXT_STVAL 296
#define CONTEXT_HTVAL 304
#define CONTEXT_HTINST 312
#define CONTEXT_F 320
#define CONTEXT_FCSR 576

#ifndef __ASSEMBLER__

#include "types.h"

/* A virtual hart's registers while it does not run, and how its last run ended. */
struct context
{
    u64 x[32];
    u64 pc;
    u64 sstatus; /* SPP: its privilege mode; FS: whether its floating-point registers changed */
    u64 hstatus;
    u64 host_sp; /* the VMM's stack while it runs */
    u64 scause;
    u64 stval;
    u64 htval;
    u64 htinst;
    u64 f[32];
    u64 fcsr;
};

_Static_assert(offsetof(struct context, x) == CONTEXT_X, "x");
_Static_assert(offsetof(struct context, pc) == CONTEXT_PC, "pc");
_Static_assert(offsetof(struct context, sstatus) == CONTEXT_SSTATUS, "sstatus");
_Static_assert(offsetof(struct context, hstatus) == CONTEXT_HSTATUS, "hstatus");
_Static_assert(offsetof(struct context, host_sp) == CONTEXT_HOST_SP, "host_sp");
_Static_assert(offsetof(struct context, scause) == CONTEXT_SCAUSE, "scause");
_Static_assert(offsetof(struct context, stval) == CONTEXT_STVAL, "stval");
_Static_assert(offsetof(struct context, htval) == CONTEXT_HTVAL, "htval");
_Static_assert(offsetof(struct context, htinst) == CONTEXT_HTINST, "htinst");
_Static_assert(offsetof(struct context, f) == CONTEXT_F, "f");
_Static_assert(offsetof(struct context, fcsr) == CONTEXT_FCSR, "fcsr");

/* Runs a virtual hart, whose other CSRs are in place, until something traps to the VMM. */
void context_run(struct context *context);

/* The floating-point registers: between this hart and the context. */
void context_save_float(struct context *context);
void context_load_float(const struct context *context);

/* Reads 16 bits at a guest virtual address, with the rights of a fetch by the virtual hart that ran last. Returns false if it faults. */
bool guest_fetch(u64 address, u16 *value);

/* Whether the VMM can read a word at an address of the machine's. */
bool host_can_read(u64 address);

#endif
#endif
