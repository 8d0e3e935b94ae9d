/* The machine's two matrix engines: one that is a TEE device interface and the victim's, one that is the host's and none. */
#ifndef ATTACK_INTERFACE_H
#define ATTACK_INTERFACE_H

#include "pcie.h"
#include "tvm.h"

/* Functions; the first call looks for them. */
struct pcie_function *victims_engine(void);
struct pcie_function *hosts_engine(void);

/* What becomes of an operation. */
enum engine_end
{
    ENGINE_DONE,
    ENGINE_REFUSED, /* its read or write */
    ENGINE_GONE, /* it does not answer, or never ends */
};

/* The host has an engine copy 8 bytes. */
enum engine_end engine_copy(const struct pcie_function *engine, u64 to, u64 from);
/* The same with FOREIGN in both halves. */
enum engine_end engine_write(const struct pcie_function *engine, u64 to);

u32 engine_read(const struct pcie_function *engine, unsigned offset);
void engine_poke(const struct pcie_function *engine, unsigned offset, u32 value);
enum { ENGINE_IDENTITY = 0x00, ENGINE_CONTROL = 0x10, ENGINE_STATUS = 0x14, ENGINE_ERROR = 0x1C, ENGINE_A = 0x20, ENGINE_B = 0x28, ENGINE_C = 0x30, ENGINE_ROWS = 0x38,
    ENGINE_MESSAGES = 0x2000 };

/* Gives the victim, which has shared memory, its engine, as an honest host does, and the victim starts it. A plain one's host has it itself. */
void interface_give(struct victim *victim);
/* Takes it back and resets it. */
void interface_take(struct victim *victim);
/* The host's part of a call of the victim's that waits for the device. */
void interface_answer(void);
/* The host hears that the device has failed: of a failed link a little later than the victim sees it. Gives up, saying so, if it does not. */
void interface_await_failure(const char *what);

/* The states of TDISP. */
enum { INTERFACE_UNLOCKED, INTERFACE_LOCKED, INTERFACE_RUN, INTERFACE_ERROR };
u64 interface_state(struct victim *victim);

/* Its memory in parts, as its report has them: offset, size. Registers, messages, those pending. */
extern const u64 interface_ranges[][2];
extern const unsigned interface_ranges_count;
/* The victim makes a call to the TSM; its answer's status is the call's error. */
struct victim_exit victim_call(struct victim *victim, u64 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);

/* The victim has its engine copy 8 bytes from the memory it shares into its own. */
u64 *victim_source(const struct victim *victim);
enum engine_end victim_takes(struct victim *victim);
/* What it has got there: that of its own memory. */
u64 victim_took(struct victim *victim);
u32 victim_peek(struct victim *victim, u64 address);
void victim_poke(struct victim *victim, u64 address, u32 value);

#endif
