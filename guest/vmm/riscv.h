/* CSRs and instructions, by the names of the privileged specification. */
#ifndef VMM_RISCV_H
#define VMM_RISCV_H

#include "types.h"

#define csr_read(name) \
    ({ \
        u64 csr_value; \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value)::"memory"); \
        csr_value; \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"((u64)(value)) : "memory")
#define csr_set(name, value) __asm__ volatile("csrs " #name ", %0" ::"rK"((u64)(value)) : "memory")
#define csr_clear(name, value) __asm__ volatile("csrc " #name ", %0" ::"rK"((u64)(value)) : "memory")
#define csr_swap(name, value) \
    ({ \
        u64 csr_value; \
        __asm__ volatile("csrrw %0, " #name ", %1" : "=r"(csr_value) : "rK"((u64)(value)) : "memory"); \
        csr_value; \
    })

/* scause */
#define CAUSE_INTERRUPT BIT(63)
enum
{
    CAUSE_ILLEGAL_INSTRUCTION = 2,
    CAUSE_LOAD_ACCESS_FAULT = 5,
    CAUSE_STORE_ACCESS_FAULT = 7,
    CAUSE_ECALL_FROM_VS = 10,
    CAUSE_INSTRUCTION_GUEST_PAGE_FAULT = 20,
    CAUSE_LOAD_GUEST_PAGE_FAULT = 21,
    CAUSE_VIRTUAL_INSTRUCTION = 22,
    CAUSE_STORE_GUEST_PAGE_FAULT = 23,
};

/* Interrupts, as bit numbers of sip and sie (hip and hie). */
enum
{
    INTERRUPT_SOFTWARE = 1,
    INTERRUPT_VIRTUAL_SOFTWARE = 2,
    INTERRUPT_TIMER = 5,
    INTERRUPT_VIRTUAL_TIMER = 6,
    INTERRUPT_EXTERNAL = 9,
    INTERRUPT_VIRTUAL_EXTERNAL = 10,
    INTERRUPT_GUEST_EXTERNAL = 12,
};

#define SSTATUS_SIE BIT(1)
#define SSTATUS_SPIE BIT(5)
#define SSTATUS_SPP BIT(8)
#define SSTATUS_FS (3ul << 13)
#define SSTATUS_FS_INITIAL (1ul << 13)
#define SSTATUS_FS_CLEAN (2ul << 13)
#define SSTATUS_FS_DIRTY (3ul << 13)

#define HSTATUS_SPV BIT(7)
#define HSTATUS_SPVP BIT(8)
#define HSTATUS_VGEIN_SHIFT 12
#define HSTATUS_VTW BIT(21)

#define COUNTEREN_CY BIT(0)
#define COUNTEREN_TM BIT(1)
#define COUNTEREN_IR BIT(2)

/* Select values of an interrupt file's registers (AIA). */
#define EIDELIVERY 0x70
#define EITHRESHOLD 0x72
#define EIP0 0x80
#define EIE0 0xC0

#define SATP_MODE_SV39 (8ul << 60)
#define HGATP_VMID_SHIFT 44

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

/* What this hart cached of a virtual machine's address translation. */
static inline void fence_guest_physical(u64 vmid)
{
    __asm__ volatile(".option push\n.option arch, +h\nhfence.gvma zero, %0\n.option pop" ::"r"(vmid) : "memory");
}

/* Orders memory accesses against each other and against I/O. */
static inline void fence(void)
{
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

#endif
