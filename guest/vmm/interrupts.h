/* External interrupts: the machine's own, and the guest interrupt files of its harts. */
#ifndef VMM_INTERRUPTS_H
#define VMM_INTERRUPTS_H

#include "hart.h"
#include "types.h"

/* Prepares the calling hart's interrupt file. */
void interrupts_start(void);

/* Sends a source of the machine's APLIC to the calling hart, under the identity of the same number. */
void interrupts_enable_source(u32 source);

/* Makes a source interrupt again if its wire is still asserted: it is looked at when it rises only. */
void interrupts_rearm(u32 source);

/* Takes what is pending in the calling hart's interrupt file; returns the identity, or 0. */
u32 interrupts_claim(void);

/* The page of a hart's guest interrupt file. */
u64 interrupts_guest_page(const struct hart *hart, unsigned file);

#endif
