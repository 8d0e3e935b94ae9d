/* A victim, confidential or plain, and what its host does to run it. */
#ifndef ATTACK_TVM_H
#define ATTACK_TVM_H

#include "host.h"
#include "victim.h"

/* Offsets in pages into the memory that the host gives for it; those of a TVM are the TSM's afterwards. */
enum
{
    AT_ROOT = 0,
    AT_STATE = 4,
    AT_VCPU = 5,
    AT_TABLES = 6,
    TABLES = 8,
    AT_MEMORY = AT_TABLES + TABLES,
    AT_SPARE = AT_MEMORY + VICTIM_PAGES, /* confidential and unassigned, or the host's */
    SPARES = 4,
    VICTIM_TOTAL = AT_SPARE + SPARES,
};

#define VICTIM_CSRS(operation) operation(vsstatus) operation(vstvec) operation(vsscratch) operation(vsepc) operation(vscause) operation(vstval)

struct victim
{
    bool is_confidential;
    u8 *memory;  /* VICTIM_TOTAL pages */
    u8 *shared;  /* VICTIM_SHARED_SIZE bytes of the host's */
    u64 id;      /* of a TVM */
    bool is_running_answer; /* of a plain one: it waits for the answer to a call */
    struct context context; /* of a plain one */
    u64 hvip;
#define FIELD(name) u64 name;
    struct { VICTIM_CSRS(FIELD) } csrs;
#undef FIELD
};

struct victim_exit
{
    s64 error;    /* of run_tvm_vcpu */
    u64 cause;    /* scause; CAUSE_ECALL_FROM_VS: it has answered */
    u64 status;   /* its answer: 0, or the cause of a trap of its own */
    u64 value;
    u64 address;  /* of a guest-page fault */
};

u64 secret(void);
u64 victim_address(const struct victim *victim, unsigned page);
static inline u64 victim_secret(const struct victim *victim) { return victim_address(victim, AT_MEMORY) + VICTIM_SECRET; }

/* Makes one that has run to its first answer; `image` may be another one than victim_image, two pages. */
void victim_launch(struct victim *victim, bool is_confidential, const u8 *image);
/* The steps before, for whoever wants to do something between them. */
void victim_prepare(struct victim *victim, bool is_confidential);
void victim_measure(struct victim *victim, const u8 *image);
void victim_finalize(struct victim *victim);
struct victim_exit victim_run(struct victim *victim, u64 command, u64 argument);
void victim_share(struct victim *victim);
/* Has the other hart run it until it is interrupted, in a loop that uses the memory it shares; returns when it is there. victim_interrupt ends that. */
void victim_spin(struct victim *victim);
struct victim_exit victim_interrupt(void);
bool victim_is_intact(struct victim *victim);
void victim_destroy(struct victim *victim);

/* A plain one's page table. */
u64 *plain_entry(const struct victim *victim, u64 guest);
void plain_map(struct victim *victim, u64 guest, u64 address);

extern const u8 victim_image[];
extern const u8 victim_return[];

#endif
