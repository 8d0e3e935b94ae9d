/*
 * Functions of the machine's that a virtual machine drives itself. Its configuration space is emulated: a bus with the functions, of whose registers
 * those are there that concern the virtual machine alone. Its memory is mapped, and messages and requests go through the IOMMU.
 */
#ifndef VMM_PASSTHROUGH_H
#define VMM_PASSTHROUGH_H

#include "device.h"
#include "machine.h"
#include "pcie.h"

struct vm;

enum { TRANSCRIPT_ORDER = 2 };

/* A function in a virtual machine. Its place there is device n of bus 0. */
struct passed
{
    struct pcie_function *function;
    struct range guest[PCIE_BARS]; /* where its memory is mapped; size 0: there is none */
    u32 bars[PCIE_BARS]; /* the registers as the virtual machine sees them: what it writes moves nothing */
    u32 command; /* as it has written it */
    bool is_optional; /* the virtual machine goes on without it if it is refused */
    bool is_gone; /* refused, pulled, or failed: the virtual machine sees nothing there */
    u64 driven; /* since when the virtual machine's driver lets it send requests; 0 if it does not */
    bool is_tampered; /* the VMM has played the attacker with it */
    bool is_bound; /* to a TVM */
    bool is_added; /* its memory, to a TVM */
    bool is_locked; /* a TEE device interface, in which the VMM may change nothing */
    u8 *transcript; /* of the connection with its device, which the VMM keeps for the TSM */
};

struct passthrough
{
    struct device device; /* ECAM of one bus */
    struct vm *vm;
    struct passed functions[VM_FUNCTIONS_MAX];
    unsigned count;
};

/* Finds and readies everything for the virtual machines that want functions. Once, before any starts. */
void passthrough_start(void);

/* Whether everything that a virtual machine is to have is in its slot by now. Fails if there can be no such function. */
bool passthrough_is_ready(const struct vm *vm);

/* Looks whether functions of a running virtual machine have been pulled or have failed, and takes leave of these. With its lock held. */
void passthrough_watch(struct passthrough *passthrough);

/* The virtual machine has refused one of its functions, by its place. With its lock held. */
void passthrough_refuse(struct passthrough *passthrough, u64 place);

/* Takes a virtual machine's functions, resets them, and chooses where their memory is to be. */
void passthrough_attach(struct passthrough *passthrough, struct vm *vm);

/* Makes memory, requests and messages the virtual machine's, which is filled and does not run yet. Returns false if one is refused that it cannot do without. */
bool passthrough_connect(struct passthrough *passthrough);

/* Takes them back: when it returns they send nothing, and have forgotten everything. */
void passthrough_detach(struct passthrough *passthrough);

/* How many of its functions are gone. */
unsigned passthrough_lost(const struct passthrough *passthrough);

/* Requests of its functions that were refused so far. */
u64 passthrough_faults(const struct passthrough *passthrough);

#endif
