/* Calls to the TEE security manager (CoVE, extensions COVH and COVI; SBI 3.0, extension NACL, of which the shared memory is used). */
#ifndef VMM_COVH_H
#define VMM_COVH_H

#include "sbi.h"

#define SBI_COVH 0x434F5648u
#define SBI_COVI 0x434F5649u
#define SBI_NACL 0x4E41434Cu

enum
{
    COVH_GET_TSM_INFO,
    COVH_CONVERT_PAGES,
    COVH_RECLAIM_PAGES,
    COVH_GLOBAL_FENCE,
    COVH_LOCAL_FENCE,
    COVH_CREATE_TVM,
    COVH_FINALIZE_TVM,
    COVH_PROMOTE_TO_TVM,
    COVH_DESTROY_TVM,
    COVH_ADD_TVM_MEMORY_REGION,
    COVH_ADD_TVM_PAGE_TABLE_PAGES,
    COVH_ADD_TVM_MEASURED_PAGES,
    COVH_ADD_TVM_ZERO_PAGES,
    COVH_ADD_TVM_SHARED_PAGES,
    COVH_CREATE_TVM_VCPU,
    COVH_RUN_TVM_VCPU,
    COVH_TVM_FENCE,
    COVH_TVM_INVALIDATE_PAGES,
    COVH_TVM_VALIDATE_PAGES,
    COVH_TVM_REMOVE_PAGES,
};

/* CoVE-IO. */
enum
{
    COVH_CONNECT_DEVICE = 1024,
    COVH_DISCONNECT_DEVICE = 1025,
    COVH_ADD_TVM_INTERFACE_REGION = 1026,
    COVH_RECLAIM_TVM_INTERFACE_REGION = 1027,
    COVH_BIND_INTERFACE = 1028,
    COVH_UNBIND_INTERFACE = 1030,
    COVH_SPDM_KEY_UPDATE = 1031,
    COVH_IDE_KEY_REFRESH = 1032,
    COVH_GET_DEVICE_CONNECTION_TRANSCRIPT = 1034,
};

enum
{
    COVI_INIT_TVM_AIA,
    COVI_SET_TVM_AIA_CPU_IMSIC_ADDR,
    COVI_CONVERT_AIA_IMSIC,
    COVI_RECLAIM_TVM_AIA_IMSIC,
    COVI_BIND_AIA_IMSIC,
    COVI_UNBIND_AIA_IMSIC_BEGIN,
    COVI_UNBIND_AIA_IMSIC_END,
    COVI_INJECT_TVM_CPU,
};

enum { NACL_PROBE_FEATURE, NACL_SET_SHMEM };

enum tsm_state { TSM_NOT_LOADED, TSM_LOADED, TSM_READY };
#define TSM_CAP_AIA BIT(3)
#define TSM_CAP_MEMORY_ALLOCATION BIT(5)

#define ERR_OUT_OF_MEMORY (-101) /* the specification has no number for it */
enum tsm_page_type { TSM_PAGE_4K, TSM_PAGE_2M, TSM_PAGE_1G };

struct tsm_info
{
    u32 tsm_state;
    u32 tsm_impl_id;
    u32 tsm_version;
    u64 tsm_capabilities;
    u64 tvm_state_pages;
    u64 tvm_max_vcpus;
    u64 tvm_vcpu_state_pages;
};

#define TVM_PAGE_DIRECTORY_SIZE (16 * KIB)

struct tvm_create_params
{
    u64 tvm_page_directory_addr;
    u64 tvm_state_addr;
};

struct tvm_aia_params
{
    u64 imsic_base_addr;
    u32 group_index_bits;
    u32 group_index_shift;
    u32 hart_index_bits;
    u32 guest_index_bits;
    u32 guests_per_hart;
};

/* A request of the TSM's for a device, and the device's answer: what the VMM carries from one to the other. */
struct spdm_exchange
{
    u32 function;
    u32 device;
    u32 length; /* in bytes, of the payload */
    u32 payload[(0x800 - 0x10C) / 4];
};

/* What a hart shares with the TSM: of exits of TVMs, general registers and CSRs; and requests for devices. */
struct nacl
{
    u64 x[32];
    struct spdm_exchange spdm;
    u8 other[4096 - 0x800];
    u64 csrs[1024];
};

_Static_assert(offsetof(struct nacl, spdm) == 0x100 && offsetof(struct nacl, csrs) == 4096, "shared memory");

/* The index of a CSR there has bits 11:10 and 7:0 of its number. */
#define NACL_CSR(number) (((number)&0xC00) >> 2 | ((number)&0xFF))
#define NACL_VSIE NACL_CSR(0x204)
#define NACL_VSTIMECMP NACL_CSR(0x24D)
#define NACL_HTIMEDELTA NACL_CSR(0x605)
#define NACL_HTVAL NACL_CSR(0x643)
#define NACL_HVIP NACL_CSR(0x645)
#define NACL_HTINST NACL_CSR(0x64A)
#define NACL_HGATP NACL_CSR(0x680)

static inline struct sbi_result covh_call(u32 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    return sbi_call6(SBI_COVH, function, a0, a1, a2, a3, a4, a5);
}

static inline struct sbi_result covi_call(u32 function, u64 a0, u64 a1, u64 a2)
{
    return sbi_call(SBI_COVI, function, a0, a1, a2, 0, 0);
}

#endif
