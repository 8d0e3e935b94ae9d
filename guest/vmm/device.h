/* A device that the VMM emulates: registers at guest physical addresses. It is called with its virtual machine's lock held. */
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include "types.h"

struct device
{
    struct range range;
    u64 (*read)(struct device *device, u64 offset, unsigned size);
    void (*write)(struct device *device, u64 offset, unsigned size, u64 value);
};

#endif
