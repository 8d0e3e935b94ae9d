/* Where a virtual machine's devices are: the places of the virt board, which kernels have seen before. */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#include "types.h"

#define GUEST_APLIC 0x0D000000ul
#define GUEST_APLIC_SIZE 0x8000ul
#define GUEST_UART 0x10000000ul
#define GUEST_UART_SIZE 0x100ul
#define GUEST_VIRTIO 0x10001000ul
#define GUEST_VIRTIO_SIZE 0x1000ul
#define GUEST_IMSIC 0x28000000ul
#define GUEST_ECAM 0x30000000ul
#define GUEST_ECAM_SIZE MIB /* of one bus */
#define GUEST_PCIE_MEMORY 0x40000000ul
#define GUEST_PCIE_MEMORY_SIZE GIB
#define GUEST_RAM 0x80000000ul

/*
 * A confidential virtual machine's RAM lies above 4 GiB (LAUNCH_BASE). Below there is the window that it shares with the VMM, all the memory that its
 * devices reach. A stock kernel puts its bounce buffers there, 64 MiB, and its rings; it gets a MiB for these, and is told to leave the rest alone: that
 * would be used as any memory, and seen by the VMM.
 */
#define GUEST_WINDOW 0x80000000ul
#define GUEST_WINDOW_SIZE (66 * MIB)
#define GUEST_WINDOW_RAM (65 * MIB)
#define GUEST_LOADER 0x0E000000ul
#define GUEST_LOADER_SIZE 0x1000ul

/* The device tree lies below the kernel. */
#define BOOT_TREE_OFFSET (128 * KIB)

/* Sources at the APLIC. */
enum { SOURCE_VIRTIO = 1, SOURCE_UART = 10 };

#endif
