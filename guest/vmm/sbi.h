/* Calls to the firmware (RISC-V Supervisor Binary Interface 3.0). The numbers are also those of calls by virtual machines. */
#ifndef VMM_SBI_H
#define VMM_SBI_H

#include "types.h"

enum
{
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_DENIED = -4,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
};

#define SBI_BASE 0x10u
#define SBI_TIME 0x54494D45u
#define SBI_IPI 0x735049u
#define SBI_RFENCE 0x52464E43u
#define SBI_HSM 0x48534Du
#define SBI_SRST 0x53525354u
#define SBI_DBCN 0x4442434Eu

enum { BASE_SPEC_VERSION, BASE_IMPL_ID, BASE_IMPL_VERSION, BASE_PROBE, BASE_MVENDORID, BASE_MARCHID, BASE_MIMPID };
enum { RFENCE_FENCE_I, RFENCE_SFENCE_VMA, RFENCE_SFENCE_VMA_ASID, RFENCE_HFENCE_GVMA_VMID, RFENCE_HFENCE_GVMA, RFENCE_HFENCE_VVMA_ASID, RFENCE_HFENCE_VVMA };
enum { HSM_START, HSM_STOP, HSM_STATUS, HSM_SUSPEND };
enum { HSM_STATE_STARTED, HSM_STATE_STOPPED, HSM_STATE_START_PENDING };
enum { DBCN_WRITE, DBCN_READ, DBCN_WRITE_BYTE };
enum { RESET_SHUTDOWN, RESET_COLD_REBOOT, RESET_WARM_REBOOT };
enum { RESET_NO_REASON, RESET_SYSTEM_FAILURE };

struct sbi_result
{
    s64 error;
    u64 value;
};

static inline struct sbi_result sbi_call6(u32 extension, u32 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    register u64 r0 __asm__("a0") = a0;
    register u64 r1 __asm__("a1") = a1;
    register u64 r2 __asm__("a2") = a2;
    register u64 r3 __asm__("a3") = a3;
    register u64 r4 __asm__("a4") = a4;
    register u64 r5 __asm__("a5") = a5;
    register u64 r6 __asm__("a6") = function;
    register u64 r7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7) : "memory");
    return (struct sbi_result){ (s64)r0, r1 };
}

static inline struct sbi_result sbi_call(u32 extension, u32 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
    return sbi_call6(extension, function, a0, a1, a2, a3, a4, 0);
}

/* Starts a hart at a physical address, in S-mode, with the argument in a1. */
static inline s64 sbi_hart_start(u64 hart, u64 address, u64 argument)
{
    return sbi_call(SBI_HSM, HSM_START, hart, address, argument, 0, 0).error;
}

/* Makes the software interrupt of a hart pending. */
static inline void sbi_send_ipi(u64 hart)
{
    sbi_call(SBI_IPI, 0, 1, hart, 0, 0, 0);
}

/* Remote fence of a set of harts (bit n: hart n), over a range; size ~0 for everything. */
static inline void sbi_remote_fence(u32 function, u64 harts, u64 start, u64 size, u64 id)
{
    sbi_call(SBI_RFENCE, function, harts, 0, start, size, id);
}

static inline _Noreturn void sbi_system_reset(u32 type, u32 reason)
{
    for (;;)
        sbi_call(SBI_SRST, 0, type, reason, 0, 0, 0);
}

#endif
