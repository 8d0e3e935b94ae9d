/* The life of the victim's device interface, step by step: each is a call, the host's or the victim's, that waits for the device. */
#ifndef ATTACK_LIFE_H
#define ATTACK_LIFE_H

#include "covh.h"
#include "trial.h"

enum life_step
{
    LIFE_CONNECT,
    LIFE_BIND,
    LIFE_START, /* and what the victim looks at before */
    LIFE_STATE,
    LIFE_MEASURE,
    LIFE_UPDATE, /* the session's keys */
    LIFE_REFRESH, /* the stream's keys */
    LIFE_STOP,
    LIFE_UNBIND,
    LIFE_DISCONNECT,
    LIFE_STEPS,
};

/* Who carries requests to the device and responses back. The next responses are his until somebody else is named; NULL: an honest host. */
void life_carried_by(void (*carrier)(struct spdm_exchange *));

/* For the host that runs the victim: carries the request that waits, if it is such a life's. */
bool life_answer(void);

/* Takes a step, and counts it as an attempt: it succeeds if the step does, or, where the TSM goes on whatever it is told, if the victim's device is still there. */
void life_attempt(struct trial *trial, enum life_step step, bool ends_session, const char *what);

/* Takes a step that need not be the one to fail. Counts it as an attempt if it does, otherwise returns true. */
bool life_passes(struct trial *trial, enum life_step step, const char *what);

/* Takes all steps before one but LIFE_STOP; they have to succeed. */
void life_lead_to(struct victim *victim, enum life_step step);

/* Ends it, wherever it is: the device is nobody's. */
void life_end(struct victim *victim);

/* Lives it once, honestly: the victim learns what it is to find. */
void life_learn(struct victim *victim);

#endif
