/* The host's own accesses. */
#include "attacks.h"

struct access
{
    u64 address;
    u64 cause;
    u64 value;
};

static void load(void *argument)
{
    struct access *access = argument;
    access->cause = probe_load(access->address, &access->value);
}

void host_reads(struct trial *trial)
{
    struct access access = { .address = victim_secret(trial->victim) };
    load(&access);
    tried_access(trial, access.cause == 0 && access.value != secret() ? 99 : access.cause, "a load");
    access.value = 0;
    host_begin(load, &access);
    host_await();
    tried_access(trial, access.cause == 0 && access.value != secret() ? 99 : access.cause, "a load on the other hart");
}

void host_writes(struct trial *trial)
{
    u64 address = victim_secret(trial->victim);
    tried_access(trial, probe_store(address, FOREIGN), "a store");
    tried_access(trial, probe_amo(address, FOREIGN), "an atomic access");
    if (!victim_is_intact(trial->victim))
        succeeded(trial, "the victim's memory is changed");
}

void host_executes(struct trial *trial)
{
    u64 code = victim_address(trial->victim, AT_MEMORY) + (victim_return - victim_image);
    tried_access(trial, probe_execute(code), "a jump");
}
