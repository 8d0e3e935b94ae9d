/* What the host has: memory, a second hart, probes that may fault, and calls to the TSM. */
#ifndef ATTACK_HOST_H
#define ATTACK_HOST_H

#include "context.h"
#include "covh.h"
#include "types.h"


enum { LOAD_ACCESS_FAULT = 5, STORE_ACCESS_FAULT = 7, INSTRUCTION_ACCESS_FAULT = 1 };

/* Memory of the host's, zeroed, aligned to its size if that is a power of two. It is never given back: a run is short. */
void *host_pages(u64 count, u64 alignment);

/* Accesses that may fault: 0, or scause. */
u64 probe_load(u64 address, u64 *value);
u64 probe_store(u64 address, u64 value);
u64 probe_store32(u64 address, u32 value);
u64 probe_execute(u64 address);
u64 probe_amo(u64 address, u64 value);

/* Runs a function on the other hart; host_await waits for its end. */
void host_begin(void (*job)(void *), void *argument);
void host_await(void);
bool host_is_busy(void);

/* Interrupts what the other hart runs. */
void host_interrupt(void);

/* The hart that runs the attacks. */
u64 host_hart(void);

/* The memory that this hart shares with the TSM. */
struct nacl *host_shared(void);

struct sbi_result convert_pages(const void *pages, u64 count);

/* The other hart's part of a global fence; both harts' parts of a new one. */
void fence_other(void);
void fence_both(void);

/* Converts pages and fences them. */
void give_away(const void *pages, u64 count);

void say(const char *text);
void say_number(u64 number);
void say_hex(const u8 *bytes, u64 count);
_Noreturn void give_up(const char *why);
void must(struct sbi_result result, const char *what);
_Noreturn void shut_down(void);

/* Tells whoever has the devices and their links in hand, which no program has, what to do from now on: src/CoveJit.Cli/Attacks/LinkAdversary.cs. */
void adversary(const char *what);

#endif
