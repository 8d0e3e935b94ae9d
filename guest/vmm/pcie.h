/* The machine's PCIe functions, as far as virtual machines get them: found, numbered and given addresses by the VMM, which has no use for them itself. */
#ifndef VMM_PCIE_H
#define VMM_PCIE_H

#include "types.h"

enum { PCIE_FUNCTIONS_MAX = 32, PCIE_BARS = 6, PCIE_CONFIG_SIZE = 4096 };

/* Registers of a function (PCIe Base 6.0, section 7.5.1). */
enum
{
    PCIE_ID = 0x00,
    PCIE_COMMAND = 0x04,
    PCIE_CACHE_LINE = 0x0C, /* and the header type in bits 23:16 */
    PCIE_BAR0 = 0x10,
    PCIE_SUBSYSTEM = 0x2C,
    PCIE_CAPABILITIES = 0x34,
    PCIE_INTERRUPT = 0x3C,
    PCIE_EXTENDED = 0x100,
};

#define PCIE_COMMAND_MEMORY BIT(1)
#define PCIE_COMMAND_MASTER BIT(2)
#define PCIE_COMMAND_NO_WIRE BIT(10)
#define BAR_FLAGS 0xFu
#define BAR_64 BIT(2) /* and the next register has the upper half */
#define PCIE_STATUS_CAPABILITIES BIT(20) /* seen together with the command register */

/* Lists of capabilities that are longer are rings. */
enum { MOST_CAPABILITIES = 48 };

/* Capabilities that the VMM knows. */
enum { PCIE_MSI = 0x05, PCIE_VENDOR = 0x09, PCIE_EXPRESS = 0x10, PCIE_MSIX = 0x11 };
enum { PCIE_EXTENDED_DOE = 0x2E, PCIE_EXTENDED_IDE = 0x30 };

/* The PCI Express capability, from its start. */
enum { EXPRESS_DEVICE_CAPABILITIES = 0x04, EXPRESS_DEVICE_CONTROL = 0x08, EXPRESS_LINK = 0x0C, EXPRESS_SLOT = 0x18, EXPRESS_DEVICE_2 = 0x24, EXPRESS_LINK_2 = 0x2C, EXPRESS_SIZE = 0x3C };

#define EXPRESS_RESET BIT(15) /* Initiate Function Level Reset */
#define EXPRESS_FATAL_ERROR BIT(18) /* Fatal Error Detected, seen together with the control register */
#define EXPRESS_SLOT_POWER_OFF BIT(10)
#define EXPRESS_SLOT_PRESENT BIT(22) /* seen together with the control register */
#define EXPRESS_CAN_RESET BIT(28)

/* The range behind a base address register. */
struct pcie_bar
{
    struct range range; /* in the machine; size 0: there is none */
    u32 flags; /* the register's low bits */
};

struct pcie_function
{
    u16 id; /* bus, device, function */
    volatile u32 *config;
    struct pcie_bar bars[PCIE_BARS];
    unsigned express; /* offset of the PCI Express capability, or 0 */
    u64 faults; /* requests of it that the IOMMU has refused */
};

/* Looks for functions below the machine's root complex, gives numbers to buses and addresses to functions. Once, and only if one is wanted. */
void pcie_start(void);

/* The function of a number, or NULL. */
struct pcie_function *pcie_find(u16 id);

/* Whether there is a slot for a function of that number, be it empty. */
bool pcie_has_slot(u16 id);

/* Whether a function is there. One that has come to its slot since the last time is powered, found and given addresses. On the boot hart, or before it is in use. */
bool pcie_arrive(u16 id);

/* Whether a function has been pulled: it does not answer any more. */
bool pcie_is_gone(const struct pcie_function *function);

/* Whether a function has detected a fatal error: one that is a TEE device interface, that it is in ERROR. */
bool pcie_has_failed(const struct pcie_function *function);

/* Forgets that it has. */
void pcie_forget_failure(const struct pcie_function *function);

/* Whether a function forgets all of its state when it is asked to. */
bool pcie_can_reset(const struct pcie_function *function);

/* Resets a function: it sends nothing, and answers at its addresses. */
void pcie_reset(const struct pcie_function *function);

/* Lets a function send requests, or not. */
void pcie_set_master(const struct pcie_function *function, bool on);

/* One more step through a function's list of capabilities: the offset of the one after that at a place, PCIE_CAPABILITIES for the first; 0 at the end. */
unsigned pcie_next_capability(const struct pcie_function *function, unsigned at);

/* The offset of a function's extended capability, or 0. */
unsigned pcie_extended(const struct pcie_function *function, u32 id);

static inline u32 pcie_read(const struct pcie_function *function, unsigned offset)
{
    return function->config[offset / 4];
}

static inline void pcie_write(const struct pcie_function *function, unsigned offset, u32 value)
{
    function->config[offset / 4] = value;
}

#endif
