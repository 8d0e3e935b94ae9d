/*
 * Virtual machines. What differs between plain and confidential ones is behind struct vm_operations; everything else (devices,
 * scheduling, the end) is the same for both.
 *
 * A virtual hart (vcpu) belongs to one hart of the machine, where it has a guest interrupt file, and only that hart touches it; others set
 * what is marked atomic and kick the hart. Devices and memory are everybody's under the virtual machine's lock.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "aplic.h"
#include "balloon.h"
#include "context.h"
#include "gstage.h"
#include "hart.h"
#include "lock.h"
#include "instruction.h"
#include "machine.h"
#include "passthrough.h"
#include "tvm.h"
#include "types.h"
#include "uart.h"
#include "virtio.h"

enum { DEVICES_MAX = 16, VIRTIO_MAX = 8 };

/* Why a virtual hart came back; what is counted. */
enum exit_kind
{
    EXIT_TIMER,
    EXIT_SOFTWARE,
    EXIT_EXTERNAL,
    EXIT_GUEST_EXTERNAL,
    EXIT_SBI,
    EXIT_PAGE_FAULT,
    EXIT_MMIO_LOAD,
    EXIT_MMIO_STORE,
    EXIT_WFI,
    EXIT_YIELD,
    EXIT_OTHER,
    EXIT_KINDS,
};

struct counts
{
    u64 exits[EXIT_KINDS];
    u64 instructions; /* retired while it ran */
    u64 ticks; /* of the time CSR, while it ran */
};

enum vcpu_state
{
    VCPU_STOPPED,
    VCPU_STARTING, /* as HSM asked, at start_pc with start_argument */
    VCPU_RUNNABLE,
    VCPU_WAITING, /* for an interrupt */
};

/* The CSRs of a virtual hart's supervisor mode while another one is on the hart. */
struct virtual_csrs
{
    u64 vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval, vsatp, vstimecmp, vsiselect, hvip, senvcfg, scounteren;
};

struct vcpu
{
    struct context context;
    struct virtual_csrs csrs;
    struct vm *vm;
    unsigned index;
    struct hart *hart;
    unsigned file; /* its guest interrupt file on that hart, or 0 */
    bool is_bound; /* of a confidential one: to that file */
    u32 state; /* enum vcpu_state; atomic */
    u32 software_pending; /* an IPI that SBI asked for; atomic */
    bool retired; /* the virtual machine ends, and this virtual hart will not run again */
    u64 start_pc;
    u64 start_argument;
    struct counts counts;
};

enum vm_state
{
    VM_RUNNING,
    VM_STOPPING, /* virtual harts are leaving */
    VM_ENDED,
    VM_AWAITED, /* it starts when its functions have come to their slots */
};

enum vm_end
{
    VM_SHUTDOWN,
    VM_RESET,
    VM_FAILURE,
};

/* What follows from an exit. */
enum verdict
{
    GO_ON, /* it can run again at once */
    LOOK_AROUND, /* something else may have become more urgent, or it waits */
};

/* Where things are when it starts. */
struct boot
{
    u64 entry; /* of the kernel */
    struct range kernel;
    struct range initrd; /* empty if there is none */
    const u8 *tree;
    u32 tree_size;
};

struct vm_operations
{
    const char *name;
    struct range (*ram)(const struct vm_description *description);

    /* Whether each virtual hart has a guest interrupt file, which is its IMSIC; otherwise it has an APLIC that delivers directly. */
    bool (*has_interrupt_files)(void);

    /* Makes the virtual machine's address space. Returns false without memory. */
    bool (*create)(struct vm *vm);

    /* Fills it, and says where its first virtual hart starts. Returns false without memory. */
    bool (*boot)(struct vm *vm, const struct boot *boot);

    /* Takes leave of a virtual hart that will not run again. On its own hart; others may still be running. */
    void (*retire)(struct vcpu *vcpu);

    /* Gives everything back. No virtual hart runs any more. */
    void (*destroy)(struct vm *vm);

    /* Makes a function's memory, requests and messages the virtual machine's, and ends that. The function has been reset; nothing runs. */
    void (*connect)(struct vm *vm, struct passed *passed);
    void (*disconnect)(struct vm *vm, struct passed *passed);

    /* Takes leave of a function that was pulled or refused, while the virtual machine runs; disconnect follows at its end. With its lock held. */
    void (*lose)(struct vm *vm, struct passed *passed);

    /* Brings a virtual hart to the state of a hart that HSM starts. On its own hart. */
    void (*start)(struct vcpu *vcpu);

    /* Puts a virtual hart on the hart, and takes it off again; in between it may run any number of times. */
    void (*load)(struct vcpu *vcpu);
    void (*save)(struct vcpu *vcpu);

    /* Runs it until it traps; what happened is in its context. */
    void (*run)(struct vcpu *vcpu);

    /* What load or store made it trap. */
    bool (*decode)(const struct context *context, struct access *access);

    /* Handles its call to its firmware. */
    enum verdict (*call)(struct vcpu *vcpu);

    /* After an instruction has been carried out for it: goes to the next. */
    void (*skip)(struct vcpu *vcpu, unsigned length);

    /* Lets it take an exception. */
    void (*raise)(struct vcpu *vcpu, u64 cause, u64 value);

    /* Whether an interrupt is pending that ends WFI. It is not loaded; *deadline gets the time of its timer. */
    bool (*is_woken)(struct vcpu *vcpu, u64 *deadline);

    /* Makes an access possible that faulted in its RAM, with its lock held. Returns false without memory. */
    bool (*populate)(struct vm *vm, u64 guest);

    /*
     * Takes pages of its RAM away that it says it does not need, with its lock held: no virtual hart reaches them when this returns, and each is there
     * again, as zeroes, when it is touched. Of a confidential one only what it has shared. Returns how many pages of 4 KiB are the machine's again.
     */
    u64 (*take)(struct vm *vm, const struct range *ranges, unsigned count);

    /* The machine's address of a byte of its RAM that the VMM may access, populated if need be; or NULL. Good up to the end of the page. */
    u8 *(*page)(struct vm *vm, u64 guest);

    /* A message to a virtual hart's interrupt file; without one, news from the APLIC. */
    void (*message)(struct vcpu *vcpu, u32 identity);
};

extern const struct vm_operations plain_operations;
extern const struct vm_operations confidential_operations;

struct vm
{
    unsigned index;
    const struct vm_description *description;
    const struct vm_operations *operations;
    bool has_interrupt_files;
    struct lock lock;
    u32 state; /* enum vm_state; atomic */
    enum vm_end end;
    const char *reason; /* why it failed, where the VMM knows; otherwise NULL */
    u32 unretired; /* virtual harts that have not left; atomic */
    unsigned starts; /* 1, and one more for each reset */

    struct range ram;
    struct gstage tables; /* of a plain one */
    struct tvm tvm; /* of a confidential one */
    u64 time_offset; /* htimedelta */
    u64 table_pages; /* at the end */
    u64 owned_pages;

    struct vcpu vcpus[VCPUS_MAX];
    unsigned vcpu_count;

    struct device *devices[DEVICES_MAX];
    unsigned device_count;
    struct aplic aplic;
    struct uart uart;
    struct passthrough passthrough;
    struct virtio virtio[VIRTIO_MAX];
    unsigned virtio_count;
    struct virtio *console; /* one of these */
    struct bytes console_input;
    struct balloon balloon;
    bool uses_virtio_console; /* its last output came from there: so does its input go there */
};

extern struct vm vms[VMS_MAX];

/* Takes the machine's drives over, for the virtual machines that get them. Once, before any of them starts. */
void vm_start_drives(void);

/* Makes the virtual machine of machine.vms[index] and lets its first virtual hart start; later, if a function is not in its slot yet. Fails if it cannot. */
void vm_start(unsigned index);

/*
 * Starts those whose functions have come meanwhile, takes leave of functions that are gone, and changes what balloons are to hold. On the boot hart, whenever
 * it looks around.
 */
void vm_watch(void);

/* Ends it: its virtual harts leave as soon as each can. Any hart, any number of times; the first end counts. */
void vm_stop(struct vm *vm, enum vm_end end);

/* Takes note that a virtual hart of a stopping virtual machine will not run again. With the last one it is gone. */
void vm_retire(struct vcpu *vcpu);

/* Input for its console. */
void vm_receive(unsigned index, u8 byte);

/* A message to one of its virtual harts, if there is one of that number. */
void vm_message(struct vm *vm, u32 vcpu, u32 identity);

/* Copies between the VMM and its memory; with its lock held. Return false where there is no memory the VMM may access. */
bool vm_read(struct vm *vm, u64 guest, void *to, u64 size);
bool vm_write(struct vm *vm, u64 guest, const void *from, u64 size);

/* A device at a guest address, or NULL. */
struct device *vm_device(struct vm *vm, u64 guest);

/* Its first file of a role, or NULL. */
const struct module *vm_module(const struct vm *vm, enum module_role role);

/* Whether the VMM plays the attacker with a part of what it starts with. */
static inline bool vm_is_tampered(const struct vm *vm, const char *part)
{
    return vm->description->tamper != NULL && strcmp(vm->description->tamper, part) == 0;
}

/* Whether there is memory at a guest address. */
static inline bool vm_has_memory(const struct vm *vm, u64 guest)
{
    return range_holds(vm->ram, guest, 1) || range_holds(vm->tvm.window, guest, 1);
}

static inline enum vm_state vm_state(const struct vm *vm)
{
    return (enum vm_state)__atomic_load_n(&vm->state, __ATOMIC_ACQUIRE);
}

static inline enum vcpu_state vcpu_state(const struct vcpu *vcpu)
{
    return (enum vcpu_state)__atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE);
}

#endif
