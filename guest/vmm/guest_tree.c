#include "guest_tree.h"

#include "entropy.h"
#include "layout.h"
#include "print.h"
#include "riscv.h"

#define EDGE_RISING 1u

/* Phandles. */
enum { PHANDLE_IMSIC = 1, PHANDLE_APLIC, PHANDLE_CPU_INTC };

static bool is_confidential(const struct vm *vm)
{
    return vm->description->kind == VM_CONFIDENTIAL;
}

/* The extensions of its virtual harts, in a property's form. Without interrupt files there is no use for what reaches them. */
static u32 collect_extensions(const struct vm *vm, char *names)
{
    u32 size = 0;
    for (u32 at = 0; at < machine.extensions_size;)
    {
        const char *name = machine.extensions + at;
        u32 length = (u32)strlen(name) + 1;
        if (vm->has_interrupt_files || strcmp(name, "ssaia") != 0)
        {
            memcpy(names + size, name, length);
            size += length;
        }
        at += length;
    }
    return size;
}

/* "rv64" and the single letters, then the others: what kernels before riscv,isa-extensions read. */
static void write_isa(struct fdt_writer *writer, const struct vm *vm)
{
    static char extensions[EXTENSIONS_MAX];
    u32 size = collect_extensions(vm, extensions);
    char text[EXTENSIONS_MAX + 8] = "rv64";
    size_t length = 4;
    for (int single = 1; single >= 0; single--)
    {
        for (u32 at = 0; at < size; at += (u32)strlen(extensions + at) + 1)
        {
            const char *name = extensions + at;
            if ((strlen(name) == 1) == single)
                length += format_text(text + length, sizeof text - length, single ? "%s" : "_%s", name);
        }
    }
    fdt_put_text(writer, "riscv,isa", text);
    fdt_put_text(writer, "riscv,isa-base", "rv64i");
    fdt_put(writer, "riscv,isa-extensions", extensions, size);
}

static void write_cpus(struct fdt_writer *writer, const struct vm *vm)
{
    static const char *const block_sizes[] = { "riscv,cbom-block-size", "riscv,cboz-block-size", "riscv,cbop-block-size" };
    fdt_begin_node(writer, "cpus");
    fdt_put_cell(writer, "#address-cells", 1);
    fdt_put_cell(writer, "#size-cells", 0);
    fdt_put_cell(writer, "timebase-frequency", machine.timebase_frequency);
    for (u32 i = 0; i < vm->vcpu_count; i++)
    {
        fdt_begin_unit(writer, "cpu", i);
        fdt_put_text(writer, "device_type", "cpu");
        fdt_put_cell(writer, "reg", i);
        fdt_put_text(writer, "status", "okay");
        fdt_put_text(writer, "compatible", "riscv");
        write_isa(writer, vm);
        if (machine.mmu_type != NULL)
            fdt_put_text(writer, "mmu-type", machine.mmu_type);
        for (unsigned n = 0; machine.cache_block_size != 0 && n < COUNT_OF(block_sizes); n++)
            fdt_put_cell(writer, block_sizes[n], machine.cache_block_size);
        fdt_begin_node(writer, "interrupt-controller");
        fdt_put_cell(writer, "#interrupt-cells", 1);
        fdt_put_empty(writer, "interrupt-controller");
        fdt_put_text(writer, "compatible", "riscv,cpu-intc");
        fdt_put_cell(writer, "phandle", PHANDLE_CPU_INTC + i);
        fdt_end_node(writer);
        fdt_end_node(writer);
    }
    fdt_end_node(writer);
}

static void write_imsic(struct fdt_writer *writer, const struct vm *vm, const u32 *targets)
{
    fdt_begin_unit(writer, "imsics", GUEST_IMSIC);
    fdt_put_text(writer, "compatible", "riscv,imsics");
    fdt_put_reg(writer, GUEST_IMSIC, vm->vcpu_count * PAGE_SIZE);
    fdt_put_cells(writer, "interrupts-extended", 2 * vm->vcpu_count, targets);
    fdt_put_empty(writer, "interrupt-controller");
    fdt_put_cell(writer, "#interrupt-cells", 0);
    fdt_put_empty(writer, "msi-controller");
    fdt_put_cell(writer, "#msi-cells", 0);
    fdt_put_cell(writer, "riscv,num-ids", machine.identities);
    fdt_put_cell(writer, "phandle", PHANDLE_IMSIC);
    fdt_end_node(writer);
}

static void write_interrupt_controllers(struct fdt_writer *writer, const struct vm *vm)
{
    u32 targets[2 * VCPUS_MAX];
    for (u32 i = 0; i < vm->vcpu_count; i++)
    {
        targets[2 * i] = PHANDLE_CPU_INTC + i;
        targets[2 * i + 1] = INTERRUPT_EXTERNAL;
    }
    if (vm->has_interrupt_files)
        write_imsic(writer, vm, targets);
    fdt_begin_unit(writer, "interrupt-controller", GUEST_APLIC);
    fdt_put_text(writer, "compatible", "riscv,aplic");
    fdt_put_reg(writer, GUEST_APLIC, GUEST_APLIC_SIZE);
    fdt_put_empty(writer, "interrupt-controller");
    fdt_put_cell(writer, "#interrupt-cells", 2);
    fdt_put_cell(writer, "#address-cells", 0);
    fdt_put_cell(writer, "riscv,num-sources", APLIC_SOURCES);
    if (vm->has_interrupt_files)
        fdt_put_cell(writer, "msi-parent", PHANDLE_IMSIC);
    else
        fdt_put_cells(writer, "interrupts-extended", 2 * vm->vcpu_count, targets);
    fdt_put_cell(writer, "phandle", PHANDLE_APLIC);
    fdt_end_node(writer);
}

/* Edge-sensitive sources need no further write to the APLIC for each interrupt: each device's driver looks until nothing is left to do. */
static void write_interrupt(struct fdt_writer *writer, unsigned source)
{
    fdt_put_cell(writer, "interrupt-parent", PHANDLE_APLIC);
    fdt_put_cells(writer, "interrupts", 2, (u32[]){ source, EDGE_RISING });
}

static void write_devices(struct fdt_writer *writer, const struct vm *vm)
{
    fdt_begin_unit(writer, "serial", GUEST_UART);
    fdt_put_text(writer, "compatible", "ns16550a");
    fdt_put_reg(writer, GUEST_UART, GUEST_UART_SIZE);
    fdt_put_cell(writer, "clock-frequency", UART_CLOCK);
    write_interrupt(writer, SOURCE_UART);
    fdt_end_node(writer);
    for (unsigned i = 0; i < vm->virtio_count; i++)
    {
        const struct virtio *virtio = &vm->virtio[i];
        fdt_begin_unit(writer, "virtio_mmio", virtio->device.range.start);
        fdt_put_text(writer, "compatible", "virtio,mmio");
        fdt_put_reg(writer, virtio->device.range.start, virtio->device.range.size);
        write_interrupt(writer, virtio->source);
        fdt_end_node(writer);
    }
}

static void write_chosen(struct fdt_writer *writer, const struct vm *vm, struct range initrd)
{
    u8 seed[64];
    char console[32];
    entropy_fill(seed, sizeof seed);
    format_text(console, sizeof console, "/soc/serial@%lx", GUEST_UART);
    fdt_begin_node(writer, "chosen");
    const char *arguments = vm_is_tampered(vm, "append") ? "init=/bin/sh" : vm->description->arguments;
    if (arguments != NULL)
        fdt_put_text(writer, "bootargs", arguments);
    fdt_put_text(writer, "stdout-path", console);
    if (vm->passthrough.count != 0)
        fdt_put_cell(writer, "linux,pci-probe-only", 1);
    if (initrd.size != 0)
    {
        fdt_put_pair(writer, "linux,initrd-start", initrd.start);
        fdt_put_pair(writer, "linux,initrd-end", initrd.start + initrd.size);
    }
    if (!is_confidential(vm)) /* whose VMM is not to know it */
        fdt_put(writer, "rng-seed", seed, sizeof seed);
    fdt_end_node(writer);
}

/* Its memory is where the VMM has put it, and stays there: the kernel is told to leave addresses alone. */
static void write_pcie(struct fdt_writer *writer, const struct vm *vm)
{
    const u32 memory = 0x02000000; /* of 32-bit addresses, not prefetchable */
    fdt_begin_unit(writer, "pci", GUEST_ECAM);
    fdt_put_text(writer, "compatible", "pci-host-ecam-generic");
    fdt_put_text(writer, "device_type", "pci");
    fdt_put_cell(writer, "#address-cells", 3);
    fdt_put_cell(writer, "#size-cells", 2);
    fdt_put_cell(writer, "linux,pci-domain", 0);
    fdt_put_cells(writer, "bus-range", 2, (u32[]){ 0, 0 });
    fdt_put_empty(writer, "dma-coherent");
    fdt_put_reg(writer, vm->passthrough.device.range.start, vm->passthrough.device.range.size);
    fdt_put_cells(writer, "ranges", 7, (u32[]){ memory, 0, GUEST_PCIE_MEMORY, 0, GUEST_PCIE_MEMORY, 0, GUEST_PCIE_MEMORY_SIZE });
    fdt_put_cell(writer, "msi-parent", PHANDLE_IMSIC);
    fdt_end_node(writer);
}

/* What it has no use for, though it is memory. */
static void write_reserved(struct fdt_writer *writer, struct range range)
{
    fdt_begin_node(writer, "reserved-memory");
    fdt_put_cell(writer, "#address-cells", 2);
    fdt_put_cell(writer, "#size-cells", 2);
    fdt_put_empty(writer, "ranges");
    fdt_begin_unit(writer, "window", range.start);
    fdt_put_reg(writer, range.start, range.size);
    fdt_put_empty(writer, "no-map");
    fdt_end_node(writer);
    fdt_end_node(writer);
}

static void write_memory(struct fdt_writer *writer, struct range range)
{
    fdt_begin_unit(writer, "memory", range.start);
    fdt_put_text(writer, "device_type", "memory");
    fdt_put_reg(writer, range.start, range.size);
    fdt_end_node(writer);
}

u32 guest_tree_write(const struct vm *vm, struct range initrd, void *buffer)
{
    static struct fdt_writer writer;
    char model[32];
    fdt_begin(&writer, buffer, GUEST_TREE_SIZE);
    fdt_put_cell(&writer, "#address-cells", 2);
    fdt_put_cell(&writer, "#size-cells", 2);
    fdt_put_text(&writer, "compatible", "covejit,vm");
    format_text(model, sizeof model, "covejit,vm%u", vm->index);
    fdt_put_text(&writer, "model", model);
    write_chosen(&writer, vm, initrd);
    write_cpus(&writer, vm);
    write_memory(&writer, vm->ram);
    if (is_confidential(vm))
    {
        write_memory(&writer, vm->tvm.window);
        write_reserved(&writer, (struct range){ GUEST_WINDOW + GUEST_WINDOW_RAM, GUEST_WINDOW_SIZE - GUEST_WINDOW_RAM });
    }
    fdt_begin_node(&writer, "soc");
    fdt_put_cell(&writer, "#address-cells", 2);
    fdt_put_cell(&writer, "#size-cells", 2);
    fdt_put_text(&writer, "compatible", "simple-bus");
    fdt_put_empty(&writer, "ranges");
    if (is_confidential(vm)) /* devices reach the window, and nothing else */
        fdt_put_cells(&writer, "dma-ranges", 6, (u32[]){ 0, GUEST_WINDOW, 0, GUEST_WINDOW, 0, GUEST_WINDOW_SIZE });
    write_interrupt_controllers(&writer, vm);
    write_devices(&writer, vm);
    fdt_end_node(&writer);
    if (vm->passthrough.count != 0) /* beside the bus whose devices reach the window alone */
        write_pcie(&writer, vm);
    return fdt_end(&writer);
}
