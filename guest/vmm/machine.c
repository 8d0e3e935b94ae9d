#include "machine.h"

#include "console.h"
#include "host_virtio.h"
#include "launch.h"
#include "print.h"
#include "riscv.h"

struct machine machine;

/* Extensions that the VMM keeps to itself: those of machine and hypervisor level, and counters, which it does not virtualize. */
static bool is_for_guests(const char *extension)
{
    static const char *const kept[] = { "h", "smaia", "zihpm", "zkr", "sscofpmf", "ssstateen", "smstateen", "v" };
    for (unsigned i = 0; i < COUNT_OF(kept); i++)
        if (strcmp(extension, kept[i]) == 0)
            return false;
    return strncmp(extension, "sh", 2) != 0 && strncmp(extension, "sm", 2) != 0 && strncmp(extension, "zve", 3) != 0;
}

static void describe_harts(const struct fdt *tree, u64 boot_hart)
{
    fdt_node cpus = fdt_child(tree, tree->root, "cpus");
    machine.timebase_frequency = fdt_cell(tree, cpus, "timebase-frequency", 0, 0);
    for (fdt_node cpu = cpus == NULL ? NULL : fdt_first_child(tree, cpus); cpu != NULL; cpu = fdt_next_sibling(tree, cpu))
    {
        const char *type = fdt_text(tree, cpu, "device_type");
        if (type == NULL || strcmp(type, "cpu") != 0 || machine.hart_count == HARTS_MAX)
            continue;
        u64 id = fdt_cell(tree, cpu, "reg", 0, 0);
        if (id == boot_hart)
            machine.boot_hart = machine.hart_count;
        machine.hart_ids[machine.hart_count++] = id;
    }

    fdt_node cpu = cpus == NULL ? NULL : fdt_child(tree, cpus, "cpu");
    static const char *const needed[] = { "h", "sstc", "ssaia" };
    for (unsigned i = 0; i < COUNT_OF(needed); i++)
        if (!fdt_lists(tree, cpu, "riscv,isa-extensions", needed[i]))
            fail("the machine's harts lack the extension %s: start it with harts that have it, and with IMSICs (--aia imsic)", needed[i]);
    u32 size;
    const char *names = fdt_property(tree, cpu, "riscv,isa-extensions", &size);
    for (u32 at = 0; at < size; at += (u32)strlen(names + at) + 1)
    {
        size_t length = strlen(names + at) + 1;
        if (is_for_guests(names + at) && machine.extensions_size + length <= EXTENSIONS_MAX)
        {
            memcpy(machine.extensions + machine.extensions_size, names + at, length);
            machine.extensions_size += (u32)length;
        }
    }
    machine.has_state_enable = fdt_lists(tree, cpu, "riscv,isa-extensions", "ssstateen") || fdt_lists(tree, cpu, "riscv,isa-extensions", "smstateen");
    machine.mmu_type = fdt_text(tree, cpu, "mmu-type");
    machine.cache_block_size = fdt_cell(tree, cpu, "riscv,cboz-block-size", 0, 0);
}

/* The supervisor-level interrupt files: those whose interrupt is the harts' supervisor external interrupt. */
static fdt_node describe_imsic(const struct fdt *tree, fdt_node soc)
{
    for (fdt_node node = fdt_first_child(tree, soc); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (!fdt_is_compatible(tree, node, "riscv,imsics") || fdt_cell(tree, node, "interrupts-extended", 1, 0) != INTERRUPT_EXTERNAL)
            continue;
        u32 guest_index_bits = fdt_cell(tree, node, "riscv,guest-index-bits", 0, 0);
        machine.imsic = fdt_reg(tree, node);
        machine.imsic_stride = PAGE_SIZE << guest_index_bits;
        machine.guest_files = (1u << guest_index_bits) - 1;
        machine.identities = fdt_cell(tree, node, "riscv,num-ids", 0, 0);
        return node;
    }
    return NULL;
}

static void describe_interrupts(const struct fdt *tree)
{
    fdt_node soc = fdt_child(tree, tree->root, "soc");
    fdt_node imsic = soc == NULL ? NULL : describe_imsic(tree, soc);
    if (imsic == NULL || machine.guest_files == 0)
        fail("the machine has no guest interrupt files: start it with --aia imsic");
    u32 phandle = fdt_cell(tree, imsic, "phandle", 0, 0);
    for (fdt_node node = fdt_first_child(tree, soc); node != NULL; node = fdt_next_sibling(tree, node))
        if (fdt_is_compatible(tree, node, "riscv,aplic") && fdt_cell(tree, node, "msi-parent", 0, 0) == phandle)
            machine.aplic = fdt_reg(tree, node);
}

static void describe_serial(const struct fdt *tree)
{
    fdt_node soc = fdt_child(tree, tree->root, "soc");
    for (fdt_node node = soc == NULL ? NULL : fdt_first_child(tree, soc); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (fdt_is_compatible(tree, node, "ns16550a"))
        {
            machine.serial = fdt_reg(tree, node);
            machine.serial_source = fdt_cell(tree, node, "interrupts", 0, 0);
            return;
        }
    }
}

static void describe_virtio(const struct fdt *tree)
{
    fdt_node soc = fdt_child(tree, tree->root, "soc");
    for (fdt_node node = soc == NULL ? NULL : fdt_first_child(tree, soc); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (!fdt_is_compatible(tree, node, "virtio,mmio"))
            continue;
        struct host_device device = {
            .address = fdt_reg(tree, node).start,
            .source = fdt_cell(tree, node, "interrupts", 0, 0),
            .vm = fdt_cell(tree, node, "covejit,vm", 0, 0),
        };
        u32 id = host_virtio_id(device.address);
        if (id == VIRTIO_ID_BLOCK && machine.drive_count < DRIVES_MAX)
            machine.drives[machine.drive_count++] = device;
        else if (id == VIRTIO_ID_NETWORK)
            machine.network = device;
    }
}

/* The root complex, and the IOMMU that its functions are behind: one alone, for all of them. */
static void describe_pcie(const struct fdt *tree)
{
    enum { RANGE_CELLS = 7, MEMORY_32 = 2 };
    fdt_node soc = fdt_child(tree, tree->root, "soc");
    for (fdt_node node = soc == NULL ? NULL : fdt_first_child(tree, soc); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (!fdt_is_compatible(tree, node, "pci-host-ecam-generic"))
            continue;
        machine.ecam = fdt_reg(tree, node);
        u32 size = 0;
        fdt_property(tree, node, "ranges", &size);
        for (u32 at = 0; at + RANGE_CELLS <= size / sizeof(u32); at += RANGE_CELLS)
            if ((fdt_cell(tree, node, "ranges", at, 0) >> 24 & 3) == MEMORY_32 && fdt_pair(tree, node, "ranges", at + 1) == fdt_pair(tree, node, "ranges", at + 3))
                machine.pcie_memory = (struct range){ fdt_pair(tree, node, "ranges", at + 3), fdt_pair(tree, node, "ranges", at + 5) };
        fdt_node iommu = fdt_by_phandle(tree, tree->root, fdt_cell(tree, node, "iommu-map", 1, 0));
        if (iommu != NULL && fdt_is_compatible(tree, iommu, "riscv,iommu"))
            machine.iommu = fdt_reg(tree, iommu);
        return;
    }
}

static const u8 *sha384_of(const struct fdt *tree, fdt_node node, const char *name)
{
    u32 size;
    const u8 *digest = fdt_property(tree, node, name, &size);
    return digest != NULL && size == LAUNCH_DIGEST_SIZE ? digest : NULL;
}

static void add_module(const struct fdt *tree, fdt_node node, struct vm_description *vm)
{
    static const char *const roles[] = { [MODULE_KERNEL] = "kernel", [MODULE_INITRD] = "initrd", [MODULE_DISK] = "disk", [MODULE_SHIM] = "shim" };
    const char *role = fdt_text(tree, node, "covejit,role");
    for (unsigned i = 0; role != NULL && i < COUNT_OF(roles); i++)
        if (strcmp(role, roles[i]) == 0 && vm->module_count < MODULES_MAX)
            vm->modules[vm->module_count++] = (struct module){ (enum module_role)i, fdt_reg(tree, node), sha384_of(tree, node, "covejit,sha384") };
}

static void describe_balloon(const struct fdt *tree, fdt_node node, struct vm_description *vm)
{
    enum { STEP_CELLS = 3 };
    u32 size = 0;
    fdt_property(tree, node, "covejit,balloon", &size);
    u32 count = size / (STEP_CELLS * sizeof(u32));
    if (count > BALLOON_STEPS_MAX)
        fail("a balloon is to change its size more than %u times", (unsigned)BALLOON_STEPS_MAX);
    for (u32 i = 0; i < count; i++)
        vm->balloon_steps[i] = (struct balloon_step){
            .size = fdt_pair(tree, node, "covejit,balloon", STEP_CELLS * i),
            .seconds = fdt_cell(tree, node, "covejit,balloon", STEP_CELLS * i + 2, 0),
        };
    vm->balloon_step_count = count;
    vm->balloon_reports = fdt_property(tree, node, "covejit,balloon-reports", NULL) != NULL;
}

static void describe_vms(const struct fdt *tree)
{
    fdt_node list = fdt_child(tree, fdt_child(tree, tree->root, "chosen"), "virtual-machines");
    machine.no_reboot = fdt_property(tree, list, "covejit,no-reboot", NULL) != NULL;
    for (fdt_node node = list == NULL ? NULL : fdt_first_child(tree, list); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (!fdt_is_compatible(tree, node, "covejit,vm") || machine.vm_count == VMS_MAX)
            continue;
        struct vm_description *vm = &machine.vms[machine.vm_count++];
        const char *kind = fdt_text(tree, node, "covejit,kind");
        vm->kind = kind != NULL && strcmp(kind, "confidential") == 0 ? VM_CONFIDENTIAL : VM_PLAIN;
        vm->memory_size = fdt_pair(tree, node, "covejit,memory", 0);
        vm->vcpus = fdt_cell(tree, node, "covejit,vcpus", 0, 1);
        vm->arguments = fdt_text(tree, node, "bootargs");
        vm->arguments_sha384 = sha384_of(tree, node, "covejit,bootargs-sha384");
        vm->tamper = fdt_text(tree, node, "covejit,tamper");
        u32 size = 0;
        fdt_property(tree, node, "covejit,functions", &size);
        if (size / sizeof(u32) > VM_FUNCTIONS_MAX)
            fail("a virtual machine is to have more than %u PCIe functions", (unsigned)VM_FUNCTIONS_MAX);
        u32 policies = 0;
        vm->function_policies = fdt_property(tree, node, "covejit,function-policies", &policies);
        if (policies != size / sizeof(u32) * 2 * LAUNCH_DIGEST_SIZE)
            vm->function_policies = NULL;
        for (; vm->function_count < size / sizeof(u32); vm->function_count++)
        {
            vm->functions[vm->function_count] = (u16)fdt_cell(tree, node, "covejit,functions", vm->function_count, 0);
            vm->is_optional[vm->function_count] = fdt_cell(tree, node, "covejit,functions-optional", vm->function_count, 0) != 0;
        }
        describe_balloon(tree, node, vm);
        machine.has_confidential |= vm->kind == VM_CONFIDENTIAL;
        for (fdt_node module = fdt_first_child(tree, node); module != NULL; module = fdt_next_sibling(tree, module))
            if (fdt_is_compatible(tree, module, "covejit,module"))
                add_module(tree, module, vm);
    }
}

static void describe_memory(const struct fdt *tree)
{
    machine.memory = fdt_reg(tree, fdt_child(tree, tree->root, "memory"));
    fdt_node list = fdt_child(tree, tree->root, "reserved-memory");
    for (fdt_node node = list == NULL ? NULL : fdt_first_child(tree, list); node != NULL; node = fdt_next_sibling(tree, node))
    {
        if (machine.reserved_count == MACHINE_RESERVED_MAX)
            fail("the machine's firmware reserves more than %u ranges of memory", (unsigned)MACHINE_RESERVED_MAX);
        machine.reserved[machine.reserved_count++] = fdt_reg(tree, node);
    }
}

void machine_describe(const void *blob, u64 boot_hart)
{
    struct fdt *tree = &machine.tree;
    fdt_open(tree, blob);
    describe_serial(tree); /* first: from here on, fail() is heard */
    console_start();
    describe_memory(tree);
    describe_harts(tree, boot_hart);
    describe_interrupts(tree);
    describe_virtio(tree);
    describe_pcie(tree);
    describe_vms(tree);
    if (machine.vm_count == 0)
        fail("the device tree asks for no virtual machine: add --vm plain to the command line");
}

u64 now(void)
{
    return csr_read(time);
}

u64 milliseconds(u64 count)
{
    return count * machine.timebase_frequency / 1000;
}
