#include "loader.h"

#include "launch.h"
#include "vm.h"

static bool copy(const struct loader *loader, u64 address)
{
    const struct module *module = vm_module(loader->vm, loader->file == LAUNCH_KERNEL ? MODULE_KERNEL : MODULE_INITRD);
    return loader->file < LAUNCH_FILES && module != NULL && loader->offset <= module->content.size && loader->size <= module->content.size - loader->offset
        && vm_write(loader->vm, address, (const u8 *)module->content.start + loader->offset, loader->size);
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
        case LOADER_ADDRESS:
            loader->has_failed = !copy(loader, value);
            break;
    }
}

void loader_reset(struct loader *loader, struct vm *vm, struct range range)
{
    *loader = (struct loader){ .device = { range, loader_read, loader_write }, .vm = vm };
}
