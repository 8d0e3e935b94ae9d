/* The fence over all harts that memory goes through on its way to the TSM (CoVE, sbi_covh_global_fence and sbi_covh_local_fence). */
#ifndef VMM_FENCES_H
#define VMM_FENCES_H

/* Fences what has been converted before, and waits for all harts. The caller may hold locks: who waits for one passes fences. */
void fences_complete(void);

/* The calling hart's part of a fence that is under way. */
void fences_pass(void);

#endif
