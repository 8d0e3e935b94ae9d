/* The machine's RISC-V IOMMU (version 1.0): which virtual machine's memory and interrupt files a PCIe function reaches. Without an entry it reaches nothing. */
#ifndef VMM_IOMMU_H
#define VMM_IOMMU_H

#include "gstage.h"
#include "pcie.h"

struct vm;

/* Turns it on, with nothing in it. Fails without an IOMMU, or one that lacks what is needed. */
void iommu_start(void);

/* Lets a function reach the memory that a virtual machine's G-stage tables map, which have to be complete: the IOMMU does not come back for pages. Its
 * messages to the virtual machine's interrupt files go to the guest interrupt files of the virtual harts. */
void iommu_assign(const struct pcie_function *function, const struct vm *vm, u64 hgatp);

/* Ends that; when it returns the function's requests have ended. */
void iommu_release(const struct pcie_function *function);

/* Adds the requests that were refused since the last time to the functions' counts. */
void iommu_count_faults(void);

#endif
