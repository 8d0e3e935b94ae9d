/* The machine the VMM runs on, and the virtual machines it is to run, as the device tree tells. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "fdt.h"
#include "types.h"

enum
{
    HARTS_MAX = 8,
    MODULES_MAX = 8,
    DRIVES_MAX = 8,
    VMS_MAX = 16,
    VCPUS_MAX = 8,
    MACHINE_RESERVED_MAX = 16,
    VM_FUNCTIONS_MAX = 4,
    BALLOON_STEPS_MAX = 8,
    EXTENSIONS_MAX = 2048, /* bytes of names */
};

enum vm_kind
{
    VM_PLAIN,
    VM_CONFIDENTIAL,
};

enum module_role
{
    MODULE_KERNEL,
    MODULE_INITRD,
    MODULE_DISK,
    MODULE_SHIM,
};

/* A file that lies in memory. */
struct module
{
    enum module_role role;
    struct range content;
    const u8 *sha384; /* of what is in it, if it is for a confidential virtual machine */
};

/* A VirtIO device of the machine. */
struct host_device
{
    u64 address;
    u32 source; /* at the APLIC */
    unsigned vm; /* which virtual machine gets it */
};

/* What a balloon is to hold from a time on. */
struct balloon_step
{
    u64 size; /* bytes */
    u32 seconds; /* since the start of the virtual machine */
};

/* A virtual machine that is asked for: a node vm@N below /chosen/virtual-machines. */
struct vm_description
{
    enum vm_kind kind;
    u64 memory_size;
    unsigned vcpus;
    const char *arguments; /* the kernel command line */
    const u8 *arguments_sha384; /* of a confidential one */
    const char *tamper; /* what the VMM changes of it, as an attacker would: "kernel", "initrd" or "append"; otherwise NULL */
    struct module modules[MODULES_MAX];
    unsigned module_count;
    u16 functions[VM_FUNCTIONS_MAX]; /* PCIe functions that it drives itself: bus, device, function */
    unsigned function_count;
    bool is_optional[VM_FUNCTIONS_MAX]; /* it does without those that are refused */
    struct balloon_step balloon_steps[BALLOON_STEPS_MAX];
    unsigned balloon_step_count; /* 0: it has no balloon */
    bool balloon_reports; /* its free pages are taken when it reports them */
    const u8 *function_policies; /* of a confidential one, for each: digests of its certificate chain and of what it measures of itself */
};

struct machine
{
    struct fdt tree;
    struct range memory;
    struct range reserved[MACHINE_RESERVED_MAX]; /* parts of it that are not the VMM's */
    unsigned reserved_count;
    u32 timebase_frequency;

    u64 hart_ids[HARTS_MAX];
    unsigned hart_count;
    unsigned boot_hart; /* index of the one that started */

    struct range serial;
    u32 serial_source; /* at the APLIC */

    struct host_device drives[DRIVES_MAX];
    unsigned drive_count;
    struct host_device network; /* all virtual machines share it; source 0: there is none */

    struct range aplic;
    struct range imsic;
    struct range ecam; /* of the PCIe root complex; size 0 without */
    struct range pcie_memory; /* its window of 32-bit addresses */
    struct range iommu; /* size 0 without */
    u64 imsic_stride; /* from a hart's interrupt files to the next's */
    u32 identities; /* highest identity of an interrupt file */
    unsigned guest_files; /* of each hart, at most; a hart tells how many it has */

    /* What virtual harts may use, as the device tree of a virtual machine names it. */
    char extensions[EXTENSIONS_MAX]; /* names, each ending in zero */
    u32 extensions_size;
    const char *mmu_type;
    u32 cache_block_size; /* 0 without Zicboz */
    bool has_state_enable; /* Ssstateen */

    struct vm_description vms[VMS_MAX];
    unsigned vm_count;
    bool no_reboot; /* a virtual machine that resets ends */
    bool has_confidential; /* one of them is */
};

extern struct machine machine;

/* Reads the device tree; fails if the machine has not what the VMM needs. */
void machine_describe(const void *blob, u64 boot_hart);

/* Ticks of the time CSR. */
u64 now(void);
u64 milliseconds(u64 count);

#endif
