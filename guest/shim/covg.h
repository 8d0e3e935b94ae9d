/* Calls of a TVM to the TSM (CoVE, extension COVG). */
#ifndef SHIM_COVG_H
#define SHIM_COVG_H

#include "sbi.h"

#define SBI_COVG 0x434F5647u

enum
{
    COVG_ADD_MMIO_REGION,
    COVG_REMOVE_MMIO_REGION,
    COVG_SHARE_MEMORY_REGION,
    COVG_UNSHARE_MEMORY_REGION,
    COVG_ALLOW_EXTERNAL_INTERRUPT,
    COVG_DENY_EXTERNAL_INTERRUPT,
};

/* CoVE-IO. */
enum
{
    COVG_GET_DEVICE_LINK = 1024,
    COVG_GET_DEVICE_CONNECTION_TRANSCRIPT = 1025,
    COVG_GET_DEVICE_MEASUREMENTS = 1026,
    COVG_GET_INTERFACE_REPORT = 1027,
    COVG_GET_INTERFACE_STATE = 1028,
    COVG_MAP_INTERFACE_MMIO = 1029,
    COVG_START_INTERFACE = 1030,
};

static inline struct sbi_result covg_call(u32 function, u64 a0, u64 a1)
{
    return sbi_call(SBI_COVG, function, a0, a1, 0, 0, 0);
}

#endif
