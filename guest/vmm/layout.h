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
#define GUEST_RAM 0x80000000ul

/* Sources at the APLIC. */
enum { SOURCE_VIRTIO = 1, SOURCE_UART = 10 };

#endif
