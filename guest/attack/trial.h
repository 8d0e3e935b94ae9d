/* One attack on one victim: what it tries, and what becomes of that. */
#ifndef ATTACK_TRIAL_H
#define ATTACK_TRIAL_H

#include "tvm.h"

/* What stops an attempt. */
#define MECHANISMS(M) \
    M(LOAD_FAULT, "load access fault") \
    M(STORE_FAULT, "store access fault") \
    M(FETCH_FAULT, "instruction access fault") \
    M(GUEST_PAGE_FAULT, "guest-page fault") \
    M(BAD_ADDRESS, "INVALID_ADDRESS") \
    M(BAD_PARAM, "INVALID_PARAM") \
    M(FAILED, "FAILED") \
    M(NOT_SUPPORTED, "NOT_SUPPORTED") \
    M(ALREADY_STARTED, "ALREADY_STARTED") \
    M(OTHER_ERROR, "another error") \
    M(IGNORED, "ignored") \
    M(SCRUBBED, "scrubbed") \
    M(ZEROED, "zeroed") \
    M(REFUSED_DMA, "DMA refused") \
    M(LINK_FAILED, "IDE") \
    M(INTERFACE_FAILED, "interface in ERROR") \
    M(MEASURED, "evidence refused") \
    M(DISTRUSTED, "the victim's policy") \
    M(OTHER, "something else")

enum mechanism
{
#define MECHANISM(name, text) name##_BIT,
    MECHANISMS(MECHANISM)
#undef MECHANISM
#define MECHANISM(name, text) name = 1 << name##_BIT,
    MECHANISMS(MECHANISM)
#undef MECHANISM
};

struct trial
{
    struct victim *victim;
    bool is_confidential;
    u64 attempts;
    u64 stopped_by; /* mechanisms */
    const char *success; /* the first attempt that succeeded */
};

static inline void stopped(struct trial *trial, enum mechanism mechanism)
{
    trial->attempts++;
    trial->stopped_by |= mechanism;
}

static inline void succeeded(struct trial *trial, const char *what)
{
    trial->attempts++;
    if (trial->success == NULL)
        trial->success = what;
}

/* An attempt that succeeds if `success`. */
static inline void attempt(struct trial *trial, bool success, enum mechanism mechanism, const char *what)
{
    if (success)
        succeeded(trial, what);
    else
        stopped(trial, mechanism);
}

/* An access of the host's: scause, or 0. */
void tried_access(struct trial *trial, u64 cause, const char *what);
/* A call to the TSM: it succeeds if that does it. */
void tried_call(struct trial *trial, struct sbi_result result, const char *what);
/* Something the victim must not have noticed. */
void tried_harm(struct trial *trial, enum mechanism mechanism, const char *what);

#endif
