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

static inline struct sbi_result covg_call(u32 function, u64 a0, u64 a1)
{
    return sbi_call(SBI_COVG, function, a0, a1, 0, 0, 0);
}

#endif
