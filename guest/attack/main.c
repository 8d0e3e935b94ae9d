/*
 * Attacks on confidential virtual machines, each made on a plain one too, where it succeeds: otherwise it would show nothing. Every attack writes a line
 * of JSON. `covejit attack` compiles, runs and reads it; ONLY is the name of one attack, "" for all; with LIST only the table is written.
 */
#include "attacks.h"

static const struct
{
    void (*run)(struct trial *);
    const char *name;
    u64 expected;
    const char *description;
} attacks[] = {
#define ATTACK(function, name, expected, description) { function, name, expected, description },
    ATTACKS(ATTACK)
#undef ATTACK
};

static const char *const mechanisms[] = {
#define MECHANISM(name, text) text,
    MECHANISMS(MECHANISM)
#undef MECHANISM
};

void tried_access(struct trial *trial, u64 cause, const char *what)
{
    static const enum mechanism of[] = { [INSTRUCTION_ACCESS_FAULT] = FETCH_FAULT, [LOAD_ACCESS_FAULT] = LOAD_FAULT, [STORE_ACCESS_FAULT] = STORE_FAULT };
    attempt(trial, cause == 0, cause < COUNT_OF(of) && of[cause] != 0 ? of[cause] : OTHER, what);
}

void tried_call(struct trial *trial, struct sbi_result result, const char *what)
{
    enum mechanism mechanism = OTHER_ERROR;
    switch (result.error)
    {
        case SBI_ERR_INVALID_ADDRESS: mechanism = BAD_ADDRESS; break;
        case SBI_ERR_INVALID_PARAM: mechanism = BAD_PARAM; break;
        case SBI_ERR_FAILED: mechanism = FAILED; break;
        case SBI_ERR_NOT_SUPPORTED: mechanism = NOT_SUPPORTED; break;
        case SBI_ERR_ALREADY_STARTED: mechanism = ALREADY_STARTED; break;
    }
    attempt(trial, result.error == SBI_SUCCESS, mechanism, what);
}

void tried_harm(struct trial *trial, enum mechanism mechanism, const char *what)
{
    bool is_harmed = !victim_is_intact(trial->victim);
    if (is_harmed || trial->is_confidential) /* a plain one need not be harmed for the attack to have worked */
        attempt(trial, is_harmed, mechanism, what);
}

static void say_field(const char *name, const char *value)
{
    say(",\"");
    say(name);
    say("\":\"");
    say(value);
    say("\"");
}

static void say_mechanisms(const char *name, u64 set)
{
    say(",\"");
    say(name);
    say("\":\"");
    for (u64 i = 0, told = 0; i < COUNT_OF(mechanisms); i++)
    {
        if ((set >> i & 1) == 0)
            continue;
        say(told++ == 0 ? "" : ", ");
        say(mechanisms[i]);
    }
    say("\"");
}

#ifndef LIST
/* Against a plain one everything has to succeed: a part that does not would show nothing where it is stopped. */
static void say_column(const char *name, const struct trial *trial)
{
    bool succeeded = trial->success != NULL && (trial->is_confidential || trial->stopped_by == 0);
    say_field(name, succeeded ? "succeeded" : trial->attempts != 0 ? "stopped" : "none");
}

static void run(unsigned number, struct trial *trial, bool is_confidential)
{
    struct victim victim;
    *trial = (struct trial){ .victim = &victim, .is_confidential = is_confidential };
    victim_launch(&victim, is_confidential, victim_image);
    attacks[number].run(trial);
}
#endif

void attack_all(void)
{
    for (unsigned i = 0; i < COUNT_OF(attacks); i++)
    {
        if (ONLY[0] != 0 && strcmp(ONLY, attacks[i].name) != 0)
            continue;
#ifndef LIST
        struct trial confidential, plain;
        run(i, &confidential, true);
        run(i, &plain, false);
#endif
        say("{\"attack\":\"");
        say(attacks[i].name);
        say("\"");
        say_field("description", attacks[i].description);
        say_mechanisms("expected", attacks[i].expected);
#ifndef LIST
        say_mechanisms("observed", confidential.stopped_by);
        say_column("confidential", &confidential);
        say_column("plain", &plain);
        if (confidential.success != NULL)
            say_field("success", confidential.success);
        say(",\"attempts\":");
        say_number(confidential.attempts);
#endif
        say("}\n");
    }
}
