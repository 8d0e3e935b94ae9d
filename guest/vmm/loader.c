#include "loader.h"

#include "launch.h"
#include "vm.h"

static bool copy(const struct loader *loader, u64 address)
{
    bool is_kernel = loader->file == LAUNCH_KERNEL;
    const struct module *module = vm_module(loader->vm, is_kernel ? MODULE_KERNEL : MODULE_INITRD);
    if (loader->file >= LAUNCH_FILES || module == NULL || loader->offset > module->content.size || loader->size > module->content.size - loader->offset)
        return false;
    const u8 *from = (const u8 *)module->content.start + loader->offset;
    u8 tampered = from[0] ^ 1;
    return vm_write(loader->vm, address, from, loader->size)
        && (!vm_is_tampered(loader->vm, is_kernel ? "kernel" : "initrd") || vm_write(loader->vm, address, &tampered, 1));
}

static u64 loader_read(struct device *device, u64 offset, unsigned size)
{
    const struct loader *loader = (const struct loader *)device;
    return size == sizeof(u64) && offset == LOADER_STATUS ? loader->has_failed : 0;
}

static void loader_write(struct device *device, u64 offset, unsigned size, u64 value)
{
    struct loader *loader = (struct loader *)device;
    if (size != sizeof(u64))
        return;
    switch (offset)
    {
        case LOADER_FILE:
            loader->file = value;
            break;
        case LOADER_OFFSET:
            loader->offset = value;
            break;
        case LOADER_SIZE:
            loader->size = value;
            break;
        case LOADER_REFUSED:
            passthrough_refuse(&loader->vm->passthrough, value);
            break;
        case LOADER_ADDRESS:
            loader->has_failed = !copy(loader, value);
            break;
    }
}

void loader_reset(struct loader *loader, struct vm *vm, struct range range)
{
    *loader = (struct loader){ .device = { range, loader_read, loader_write }, .vm = vm };
}
