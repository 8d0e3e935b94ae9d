/* Gives a confidential virtual machine's shim the files that it starts from, part by part (guest/shim/launch.h). */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include "device.h"

struct vm;

struct loader
{
    struct device device;
    struct vm *vm;
    u64 file;
    u64 offset;
    u64 size;
    bool has_failed;
};

void loader_reset(struct loader *loader, struct vm *vm, struct range range);

#endif
