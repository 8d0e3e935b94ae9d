#include "vm.h"

#include "drive.h"
#include "guest_tree.h"
#include "layout.h"
#include "loader.h"
#include "network.h"
#include "print.h"
#include "sbi.h"
#include "statistics.h"

enum { WATCH_MILLISECONDS = 100 }; /* slots are looked at: what has no interrupt of its own to tell it needs none */

struct vm vms[VMS_MAX];

static struct drive drives[DRIVES_MAX];

/* The header of a RISC-V Linux Image. */
struct image_header
{
    u32 code[2];
    u64 text_offset;
    u64 image_size;
    u64 flags;
    u32 version;
    u32 reserved[3];
    u64 magic;
    u32 magic2;
    u32 reserved2;
};

#define IMAGE_MAGIC2 0x05435352u /* "RSC\x05" */

const struct module *vm_module(const struct vm *vm, enum module_role role)
{
    for (unsigned i = 0; i < vm->description->module_count; i++)
        if (vm->description->modules[i].role == role)
            return &vm->description->modules[i];
    return NULL;
}

/* Chooses a hart and a guest interrupt file for each virtual hart, once: they stay the same over resets. */
static void place_vcpus(struct vm *vm)
{
    static unsigned next_hart;
    for (unsigned i = 0; i < vm->vcpu_count; i++)
    {
        struct hart *hart = NULL;
        for (unsigned tries = 0; tries < machine.hart_count && hart == NULL; tries++)
        {
            struct hart *candidate = &harts[next_hart++ % machine.hart_count];
            if (candidate->free_files != 0 || (!vm->has_interrupt_files && candidate->vcpu_count < HART_VCPUS_MAX))
                hart = candidate;
        }
        if (hart == NULL)
            fail("virtual hart %u of vm%u finds no guest interrupt file: give harts more with --aia imsic,guests=N, or more harts with --smp", i, vm->index);
        struct vcpu *vcpu = &vm->vcpus[i];
        vcpu->vm = vm;
        vcpu->index = i;
        vcpu->hart = hart;
        if (vm->has_interrupt_files)
        {
            vcpu->file = first_bit(hart->free_files);
            hart->free_files &= hart->free_files - 1;
        }
        hart->vcpus[hart->vcpu_count++] = vcpu;
    }
}

static void add_device(struct vm *vm, struct device *device)
{
    vm->devices[vm->device_count++] = device;
}

static struct virtio *add_virtio(struct vm *vm, const struct virtio_type *type)
{
    if (vm->virtio_count == VIRTIO_MAX)
        fail("vm%u has more than %u VirtIO devices: give it fewer disks", vm->index, (unsigned)VIRTIO_MAX);
    unsigned slot = vm->virtio_count++;
    struct virtio *virtio = &vm->virtio[slot];
    virtio_create(virtio, vm, type, SOURCE_VIRTIO + slot, (struct range){ GUEST_VIRTIO + slot * GUEST_VIRTIO_SIZE, GUEST_VIRTIO_SIZE });
    add_device(vm, &virtio->device);
    return virtio;
}

static void add_devices(struct vm *vm)
{
    vm->device_count = 0;
    vm->virtio_count = 0;
    aplic_reset(&vm->aplic, vm, (struct range){ GUEST_APLIC, GUEST_APLIC_SIZE }, !vm->has_interrupt_files);
    add_device(vm, &vm->aplic.device);
    uart_reset(&vm->uart, vm, SOURCE_UART, (struct range){ GUEST_UART, GUEST_UART_SIZE });
    add_device(vm, &vm->uart.device);
    for (unsigned i = 0; i < vm->description->module_count; i++)
        if (vm->description->modules[i].role == MODULE_DISK)
            add_virtio(vm, &virtio_block)->backing = vm->description->modules[i].content;
    for (unsigned i = 0; i < machine.drive_count; i++)
        if (machine.drives[i].vm == vm->index)
            add_virtio(vm, &virtio_block)->drive = &drives[i];
    vm->console = add_virtio(vm, &virtio_console);
    vm->console_input = (struct bytes){ 0 };
    vm->uses_virtio_console = false;
    if (network_is_useful())
        add_virtio(vm, &virtio_network);
    add_virtio(vm, &virtio_entropy);
    if (vm->description->balloon_step_count != 0)
    {
        if (vm->description->function_count != 0)
            fail("vm%u is to have a balloon and PCIe functions, which reach any page at any time: leave one of them out", vm->index);
        balloon_reset(vm);
        vm->balloon.device = add_virtio(vm, &virtio_balloon);
    }
    passthrough_attach(&vm->passthrough, vm);
    if (vm->passthrough.count != 0)
        add_device(vm, &vm->passthrough.device);
    if (vm->description->kind == VM_CONFIDENTIAL)
    {
        loader_reset(&vm->tvm.loader, vm, (struct range){ GUEST_LOADER, GUEST_LOADER_SIZE });
        add_device(vm, &vm->tvm.loader.device);
    }
}

/* Chooses where kernel and initrd go, as boot loaders do, and has them put there. */
static void load_images(struct vm *vm)
{
    const struct module *kernel = vm_module(vm, MODULE_KERNEL);
    const struct module *initrd = vm_module(vm, MODULE_INITRD);
    if (kernel == NULL)
        fail("vm%u has no kernel", vm->index);
    const struct image_header *header = (const struct image_header *)kernel->content.start;
    if (kernel->content.size < sizeof *header || header->magic2 != IMAGE_MAGIC2)
        fail("the kernel of vm%u is no RISC-V Linux Image", vm->index);
    /* An offset of 2 MiB, at least, is the tradition: below it is firmware, elsewhere. Here it is the device tree. */
    u64 entry = vm->ram.start + max_u64(header->text_offset, LARGE_PAGE_SIZE);
    u64 kernel_end = align_up(entry + max_u64(header->image_size, kernel->content.size), LARGE_PAGE_SIZE);
    u64 end = vm->ram.start + vm->ram.size;
    struct boot boot = { .entry = entry, .kernel = { entry, kernel->content.size } };
    if (initrd != NULL)
        boot.initrd = (struct range){ align_down(end - min_u64(initrd->content.size, vm->ram.size), PAGE_SIZE), initrd->content.size };
    if (kernel_end > end || boot.initrd.size > end - kernel_end)
        fail("%lu MiB are too few for the kernel and the initrd of vm%u: give it more with --vm %s,memory=", vm->ram.size / MIB, vm->index, vm->operations->name);

    static u8 tree[GUEST_TREE_SIZE];
    static struct lock tree_lock;
    lock_acquire(&tree_lock);
    boot.tree = tree;
    boot.tree_size = guest_tree_write(vm, boot.initrd, tree);
    if (!vm->operations->boot(vm, &boot))
        fail("the machine's memory is too small for vm%u: give it more with --memory", vm->index);
    lock_release(&tree_lock);
}

void vm_start_drives(void)
{
    for (unsigned i = 0; i < machine.drive_count; i++)
        drive_start(&drives[i], machine.drives[i].address);
}

/* Ends a virtual machine that has been made and does not run: others go on. */
static void fail_to_start(struct vm *vm, const char *reason)
{
    print("vm%u: does not start: %s", vm->index, reason);
    vm->reason = reason;
    vm_stop(vm, VM_FAILURE);
    if (this_hart()->started)
        hart_kick(this_hart()); /* some of its virtual harts are here, perhaps, and have been looked at */
}

void vm_start(unsigned index)
{
    struct vm *vm = &vms[index];
    vm->index = index;
    vm->description = &machine.vms[index];
    vm->operations = vm->description->kind == VM_CONFIDENTIAL ? &confidential_operations : &plain_operations;
    vm->ram = vm->operations->ram(vm->description);
    vm->has_interrupt_files = vm->operations->has_interrupt_files();
    if (vm->vcpu_count == 0)
    {
        vm->vcpu_count = vm->description->vcpus;
        if (vm->vcpu_count == 0 || vm->vcpu_count > VCPUS_MAX)
            fail("vm%u is to have %u virtual harts, not 1 to %u", index, vm->vcpu_count, (unsigned)VCPUS_MAX);
        place_vcpus(vm);
    }
    if (!passthrough_is_ready(vm))
    {
        print("vm%u: waits for a PCIe function, whose slot is empty", index);
        __atomic_store_n(&vm->state, VM_AWAITED, __ATOMIC_RELEASE);
        return;
    }
    vm->starts++;
    if (!vm->operations->create(vm))
        fail("the machine's memory is too small for vm%u: give it more with --memory", index);
    add_devices(vm);
    load_images(vm);
    bool is_complete = passthrough_connect(&vm->passthrough);
    for (unsigned i = 0; i < vm->vcpu_count; i++)
    {
        struct vcpu *vcpu = &vm->vcpus[i];
        vcpu->software_pending = false;
        vcpu->retired = false;
        vcpu->state = VCPU_STOPPED;
    }
    vm->unretired = vm->vcpu_count;
    __atomic_store_n(&vm->state, VM_RUNNING, __ATOMIC_RELEASE);
    if (is_complete)
        __atomic_store_n(&vm->vcpus[0].state, VCPU_STARTING, __ATOMIC_RELEASE);
    else
        fail_to_start(vm, "a PCIe function is refused");
    if (vm->vcpus[0].hart->started)
        hart_kick(vm->vcpus[0].hart);
}

void vm_watch(void)
{
    static u64 next;
    bool wanted = false;
    for (unsigned i = 0; i < machine.vm_count; i++)
        wanted |= (machine.vms[i].function_count != 0 && vm_state(&vms[i]) != VM_ENDED) || balloon_is_pending(&vms[i]);
    if (!wanted)
        return;
    bool due = now() >= next;
    if (due)
        next = now() + milliseconds(WATCH_MILLISECONDS);
    for (unsigned i = 0; due && i < machine.vm_count; i++)
    {
        struct vm *vm = &vms[i];
        if (vm_state(vm) == VM_AWAITED && passthrough_is_ready(vm))
        {
            print("vm%u: its PCIe functions are there now", i);
            vm_start(i);
        }
        lock_acquire(&vm->lock);
        if (vm_state(vm) == VM_RUNNING)
        {
            passthrough_watch(&vm->passthrough);
            balloon_watch(vm);
        }
        lock_release(&vm->lock);
    }
    hart_wake_at(next);
}

void vm_stop(struct vm *vm, enum vm_end end)
{
    lock_acquire(&vm->lock);
    bool first = vm_state(vm) == VM_RUNNING;
    if (first)
    {
        vm->end = end;
        __atomic_store_n(&vm->state, VM_STOPPING, __ATOMIC_RELEASE);
    }
    lock_release(&vm->lock);
    for (unsigned i = 0; first && i < vm->vcpu_count; i++)
        if (vm->vcpus[i].hart != this_hart())
            hart_kick(vm->vcpus[i].hart);
}

/* Ends the machine when the last virtual machine has ended, with the worst of their ends. */
static void conclude(void)
{
    enum vm_end worst = VM_SHUTDOWN;
    for (unsigned i = 0; i < machine.vm_count; i++)
    {
        if (vm_state(&vms[i]) != VM_ENDED)
            return;
        worst = vms[i].end > worst ? vms[i].end : worst;
    }
    statistics_print();
    sbi_system_reset(worst == VM_RESET ? RESET_COLD_REBOOT : RESET_SHUTDOWN, worst == VM_FAILURE ? RESET_SYSTEM_FAILURE : RESET_NO_REASON);
}

void vm_retire(struct vcpu *vcpu)
{
    static struct lock end_lock; /* two virtual machines may end at the same time */
    struct vm *vm = vcpu->vm;
    vcpu->retired = true;
    vm->operations->retire(vcpu);
    if (__atomic_sub_fetch(&vm->unretired, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    network_detach(vm);
    passthrough_detach(&vm->passthrough);
    vm->operations->destroy(vm);
    if (vm->end == VM_RESET && !machine.no_reboot)
    {
        vm_start(vm->index);
        return;
    }
    lock_acquire(&end_lock);
    __atomic_store_n(&vm->state, VM_ENDED, __ATOMIC_RELEASE);
    conclude();
    lock_release(&end_lock);
}

void vm_receive(unsigned index, u8 byte)
{
    struct vm *vm = &vms[index];
    lock_acquire(&vm->lock);
    if (vm_state(vm) == VM_RUNNING && vm->uses_virtio_console)
        virtio_console_receive(vm->console, byte);
    else if (vm_state(vm) == VM_RUNNING)
        uart_receive(&vm->uart, byte);
    lock_release(&vm->lock);
}

void vm_message(struct vm *vm, u32 vcpu, u32 identity)
{
    if (vcpu < vm->vcpu_count)
        vm->operations->message(&vm->vcpus[vcpu], identity);
}

/* The part of a copy that lies in one page. NULL if there is no memory. */
static u8 *part(struct vm *vm, u64 guest, u64 size, u64 *length)
{
    if (!vm_has_memory(vm, guest))
        return NULL;
    *length = min_u64(size, PAGE_SIZE - guest % PAGE_SIZE);
    return vm->operations->page(vm, guest);
}

bool vm_read(struct vm *vm, u64 guest, void *to, u64 size)
{
    for (u64 done = 0, length; done < size; done += length)
    {
        const u8 *from = part(vm, guest + done, size - done, &length);
        if (from == NULL)
            return false;
        memcpy((u8 *)to + done, from, length);
    }
    return true;
}

bool vm_write(struct vm *vm, u64 guest, const void *from, u64 size)
{
    for (u64 done = 0, length; done < size; done += length)
    {
        u8 *to = part(vm, guest + done, size - done, &length);
        if (to == NULL)
            return false;
        memcpy(to, (const u8 *)from + done, length);
    }
    return true;
}

struct device *vm_device(struct vm *vm, u64 guest)
{
    for (unsigned i = 0; i < vm->device_count; i++)
        if (range_holds(vm->devices[i]->range, guest, 1))
            return vm->devices[i];
    return NULL;
}
