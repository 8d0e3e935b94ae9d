/* Mailboxes of PCIe functions: Data Object Exchange (PCIe Base 6.0, section 6.30). */
#ifndef VMM_DOE_H
#define VMM_DOE_H

#include "pcie.h"

/* Sends a message of SPDM, in the clear or of a session, and writes the answer over it. Returns its length in bytes; 0 without one, or if it is larger than there is room for. */
u32 doe_exchange(const struct pcie_function *function, u32 *message, u32 length, u32 room);

#endif
