/*
 * Confidential virtual machines: TVMs, which the TSM makes and runs, and whose memory and registers the VMM cannot see. The VMM gives memory away in
 * blocks of 2 MiB and gets it back at the end. Everything here but what runs virtual harts is done with the virtual machine's lock held.
 */
#include "confidential.h"

#include "covg.h"
#include "covh.h"
#include "exits.h"
#include "fences.h"
#include "guest_tree.h"
#include "interrupts.h"
#include "launch.h"
#include "layout.h"
#include "memory.h"
#include "print.h"
#include "riscv.h"
#include "tdi.h"
#include "vm.h"

_Static_assert(LARGE_PAGE_SIZE == LAUNCH_SIZE, "the launch pages are a block");
_Static_assert(LAUNCH_TREE + GUEST_TREE_SIZE <= LAUNCH_BASE + LAUNCH_SIZE, "the device tree ends in it");
_Static_assert(sizeof(struct nacl) == 3 * PAGE_SIZE, "shared memory");

#define PAGES_PER_BLOCK (LARGE_PAGE_SIZE / PAGE_SIZE)

/* Virtual hart n's interrupt file is page n from GUEST_IMSIC on. */
#define IMSIC_HART_INDEX_BITS 3
#define IMSIC_GROUP_INDEX_SHIFT 24 /* there is one group; the least that the specification allows */
_Static_assert(1u << IMSIC_HART_INDEX_BITS >= VCPUS_MAX, "interrupt files");

/*
 * What a block of guest addresses is: the machine's block behind it, and flags. Of a block that the TVM has shared in part, where a table is that has the
 * same for each of its pages.
 */
#define BLOCK_MAPPED 1u
#define BLOCK_SHARED 2u
#define BLOCK_SPLIT 4u
#define BLOCK_BLOCKED 8u /* mapped, but invalidated: it is being taken away */
#define BLOCK_SHIFT 4

/* A block, or a page of one that is split. */
struct place
{
    u32 *entry; /* NULL where there is no memory */
    u64 start; /* guest address */
    u64 size;
};

static struct nacl shared_memory[HARTS_MAX] __attribute__((aligned(4096)));

static u64 must(struct sbi_result result, const char *what)
{
    if (result.error != SBI_SUCCESS)
        fail("the TSM does not %s: error %ld", what, result.error);
    return result.value;
}

void confidential_start_hart(void)
{
    if (machine.has_confidential)
        must(sbi_call(SBI_NACL, NACL_SET_SHMEM, (u64)&shared_memory[this_hart()->index], 0, 0, 0, 0), "take the memory to share with it");
}

static struct range confidential_ram(const struct vm_description *description)
{
    return (struct range){ LAUNCH_BASE, description->memory_size };
}

static u64 block_count(const struct vm *vm)
{
    return (GUEST_WINDOW_SIZE + vm->ram.size) / LARGE_PAGE_SIZE;
}

/* The entry of a guest address; NULL where there is no memory. */
static u32 *block_of(const struct vm *vm, u64 guest)
{
    const struct tvm *tvm = &vm->tvm;
    if (range_holds(tvm->window, guest, 1))
        return &tvm->blocks[(guest - tvm->window.start) / LARGE_PAGE_SIZE];
    if (range_holds(vm->ram, guest, 1))
        return &tvm->blocks[(GUEST_WINDOW_SIZE + guest - vm->ram.start) / LARGE_PAGE_SIZE];
    return NULL;
}

static u64 address_of(u32 block)
{
    return (u64)(block >> BLOCK_SHIFT) * PAGE_SIZE;
}

static u32 entry_of(u64 address, u32 flags)
{
    return (u32)(address / PAGE_SIZE) << BLOCK_SHIFT | flags;
}

static struct place place_of(const struct vm *vm, u64 guest)
{
    u32 *block = block_of(vm, guest);
    if (block != NULL && (*block & BLOCK_SPLIT) != 0)
        return (struct place){ (u32 *)address_of(*block) + guest % LARGE_PAGE_SIZE / PAGE_SIZE, align_down(guest, PAGE_SIZE), PAGE_SIZE };
    return (struct place){ block, align_down(guest, LARGE_PAGE_SIZE), LARGE_PAGE_SIZE };
}

static unsigned order_of(u64 size)
{
    return size == LARGE_PAGE_SIZE ? LARGE_PAGE_ORDER : 0;
}

static enum tsm_page_type type_of(u64 size)
{
    return size == LARGE_PAGE_SIZE ? TSM_PAGE_2M : TSM_PAGE_4K;
}

/* Gives memory of the VMM's away, to be confidential after the next fence; or 0. */
static u64 give_away(u64 size)
{
    void *at = memory_allocate(order_of(size));
    if (at != NULL && covh_call(COVH_CONVERT_PAGES, (u64)at, size / PAGE_SIZE, 0, 0, 0, 0).error != SBI_SUCCESS)
    {
        memory_free(at, order_of(size));
        at = NULL;
    }
    return (u64)at;
}

/* Converts some blocks at a time: a fence disturbs every hart. */
static bool refill(struct vm *vm)
{
    struct tvm *tvm = &vm->tvm;
    u64 wanted = min_u64(TVM_POOL_MAX, tvm->unassigned);
    while (tvm->pool_count < wanted)
    {
        u64 block = give_away(LARGE_PAGE_SIZE);
        if (block == 0)
            break;
        tvm->pool[tvm->pool_count++] = block;
    }
    if (tvm->pool_count == 0)
        return false;
    fences_complete();
    return true;
}

/* A block for the TVM, confidential and not assigned; or 0. */
static u64 take(struct vm *vm)
{
    struct tvm *tvm = &vm->tvm;
    if (tvm->pool_count == 0 && !refill(vm))
        return 0;
    tvm->unassigned--;
    return tvm->pool[--tvm->pool_count];
}

/* The same for a page: what is in a block that is split comes one by one. */
static u64 take_page(void)
{
    u64 page = give_away(PAGE_SIZE);
    if (page != 0)
        fences_complete();
    return page;
}

static void give_back(u64 at, u64 size)
{
    must(covh_call(COVH_RECLAIM_PAGES, at, size / PAGE_SIZE, 0, 0, 0, 0), "give memory back");
    memory_free((void *)at, order_of(size));
}

/* Takes back what was mapped in a place, if anything was. */
static void release(u32 entry, u64 size)
{
    if ((entry & BLOCK_MAPPED) == 0)
        return;
    if ((entry & BLOCK_SHARED) != 0)
        memory_free((void *)address_of(entry), order_of(size));
    else
        give_back(address_of(entry), size);
}

static bool read_tsm_info(struct tsm_info *info)
{
    return sbi_call(SBI_BASE, BASE_PROBE, SBI_COVH, 0, 0, 0, 0).value != 0
        && covh_call(COVH_GET_TSM_INFO, (u64)info, sizeof *info, 0, 0, 0, 0).error == SBI_SUCCESS && info->tsm_state == TSM_READY;
}

static bool confidential_has_interrupt_files(void)
{
    struct tsm_info info;
    return read_tsm_info(&info) && (info.tsm_capabilities & TSM_CAP_AIA) != 0;
}

static void check_tsm(const struct vm *vm, struct tsm_info *info)
{
    if (!read_tsm_info(info))
        fail("vm%u is to be confidential, but the firmware has no TEE security manager: start the machine with --tsm on", vm->index);
    if (vm->vcpu_count > info->tvm_max_vcpus)
        fail("vm%u has more virtual harts than the %lu that the TSM allows", vm->index, info->tvm_max_vcpus);
}

static u64 page_of_file(const struct vcpu *vcpu)
{
    return interrupts_guest_page(vcpu->hart, vcpu->file);
}

/* Gives the guest interrupt files of its virtual harts away. They are confidential after the next fence. */
static void convert_files(struct vm *vm)
{
    for (unsigned i = 0; vm->has_interrupt_files && i < vm->vcpu_count; i++)
    {
        u64 page = page_of_file(&vm->vcpus[i]);
        bool was_readable = host_can_read(page);
        must(covi_call(COVI_CONVERT_AIA_IMSIC, page, 0, 0), "convert an interrupt file");
        if (!was_readable || host_can_read(page))
            fail("an interrupt file of vm%u is open to its host", vm->index);
        vm->tvm.reads_refused++;
    }
}

static void describe_files(const struct vm *vm)
{
    struct tvm_aia_params params = {
        .imsic_base_addr = GUEST_IMSIC,
        .group_index_shift = IMSIC_GROUP_INDEX_SHIFT,
        .hart_index_bits = IMSIC_HART_INDEX_BITS,
    };
    must(covi_call(COVI_INIT_TVM_AIA, vm->tvm.id, (u64)&params, sizeof params), "give a TVM interrupt files");
    for (u64 i = 0; i < vm->vcpu_count; i++)
        must(covi_call(COVI_SET_TVM_AIA_CPU_IMSIC_ADDR, vm->tvm.id, i, GUEST_IMSIC + i * PAGE_SIZE), "give a vCPU an interrupt file");
}

/* The first block of all holds, from its start on, the root of the page table, the states, and page tables. */
static void create_tvm(struct vm *vm, const struct tsm_info *info)
{
    struct tvm *tvm = &vm->tvm;
    struct tvm_create_params params = { .tvm_page_directory_addr = tvm->control, .tvm_state_addr = tvm->control + TVM_PAGE_DIRECTORY_SIZE };
    u64 at = params.tvm_state_addr + info->tvm_state_pages * PAGE_SIZE;
    tvm->id = must(covh_call(COVH_CREATE_TVM, (u64)&params, sizeof params, 0, 0, 0, 0), "create a TVM");
    must(covh_call(COVH_ADD_TVM_MEMORY_REGION, tvm->id, tvm->window.start, tvm->window.size, 0, 0, 0), "add the window");
    must(covh_call(COVH_ADD_TVM_MEMORY_REGION, tvm->id, vm->ram.start, vm->ram.size, 0, 0, 0), "add a memory region");
    for (u64 i = 0; i < vm->vcpu_count; i++, at += info->tvm_vcpu_state_pages * PAGE_SIZE)
        must(covh_call(COVH_CREATE_TVM_VCPU, tvm->id, i, at, 0, 0, 0), "create a vCPU");
    if (vm->has_interrupt_files)
        describe_files(vm);
    u64 rest = (tvm->control + LARGE_PAGE_SIZE - at) / PAGE_SIZE;
    must(covh_call(COVH_ADD_TVM_PAGE_TABLE_PAGES, tvm->id, at, rest, 0, 0, 0), "add page-table pages");
}

static bool confidential_create(struct vm *vm)
{
    struct tvm *tvm = &vm->tvm;
    struct tsm_info info;
    check_tsm(vm, &info);
    *tvm = (struct tvm){
        .window = { GUEST_WINDOW, GUEST_WINDOW_SIZE },
        .is_static = (info.tsm_capabilities & TSM_CAP_MEMORY_ALLOCATION) == 0,
        .unassigned = 1 + vm->ram.size / LARGE_PAGE_SIZE,
    };
    u64 size = block_count(vm) * sizeof *tvm->blocks;
    while (PAGE_SIZE << tvm->blocks_order < size)
        tvm->blocks_order++;
    tvm->blocks = memory_allocate(tvm->blocks_order);
    if (tvm->blocks == NULL)
        return false;
    memset(tvm->blocks, 0, size);
    if (tvm->is_static)
        return true;
    lock_acquire(&vm->lock);
    convert_files(vm);
    tvm->control = take(vm); /* the first: there is a fence, which serves the files too */
    if (tvm->control != 0)
        create_tvm(vm, &info);
    lock_release(&vm->lock);
    return tvm->control != 0;
}

static const u8 *digest_of(const struct vm *vm, const u8 *digest, const char *of)
{
    if (digest == NULL)
        fail("vm%u has no digest of its %s in the device tree", vm->index, of);
    return digest;
}

/* What the shim is to find of each function. */
static void write_functions(const struct vm *vm, struct launch_list *list)
{
    _Static_assert((int)LAUNCH_FUNCTIONS_MAX >= (int)VM_FUNCTIONS_MAX && (int)LAUNCH_RANGES_MAX >= (int)PCIE_BARS, "functions");
    for (unsigned i = 0; i < vm->passthrough.count; i++)
    {
        const struct passed *passed = &vm->passthrough.functions[i];
        const u8 *policy = digest_of(vm, vm->description->function_policies, "functions") + i * 2 * LAUNCH_DIGEST_SIZE;
        struct launch_function *function = &list->functions[list->function_count++];
        function->id = passed->function->id;
        function->is_optional = passed->is_optional;
        memcpy(function->certificates_sha384, policy, LAUNCH_DIGEST_SIZE);
        memcpy(function->measurements_sha384, policy + LAUNCH_DIGEST_SIZE, LAUNCH_DIGEST_SIZE);
        if (vm_is_tampered(vm, "device")) /* as if another device were in its place */
            function->certificates_sha384[0] ^= 1;
        for (unsigned bar = 0; bar < PCIE_BARS; bar++)
            function->ranges[bar] = (struct launch_range){ passed->guest[bar], passed->function->bars[bar].range.start };
    }
}

static void write_list(const struct vm *vm, const struct boot *boot, struct launch_list *list)
{
    static const enum module_role roles[] = { [LAUNCH_KERNEL] = MODULE_KERNEL, [LAUNCH_INITRD] = MODULE_INITRD };
    const struct range places[] = { [LAUNCH_KERNEL] = boot->kernel, [LAUNCH_INITRD] = boot->initrd };
    _Static_assert((int)LAUNCH_DEVICES_MAX >= (int)DEVICES_MAX, "devices");
    list->magic = LAUNCH_MAGIC;
    list->vcpus = vm->vcpu_count;
    list->entry = boot->entry;
    list->window = vm->tvm.window;
    for (unsigned i = 0; i < LAUNCH_FILES; i++)
    {
        const struct module *module = vm_module(vm, roles[i]);
        if (module == NULL)
            continue;
        list->files[i].place = places[i];
        memcpy(list->files[i].sha384, digest_of(vm, module->sha384, "files"), LAUNCH_DIGEST_SIZE);
    }
    memcpy(list->command_line_sha384, digest_of(vm, vm->description->arguments_sha384, "command line"), LAUNCH_DIGEST_SIZE);
    for (unsigned i = 0; i < vm->device_count; i++)
    {
        struct range range = vm->devices[i]->range;
        list->devices[list->device_count++] = (struct range){ range.start, align_up(range.size, PAGE_SIZE) };
    }
    list->loader = GUEST_LOADER;
    list->memory = vm->ram;
    write_functions(vm, list);
}

/* The shim, the launch list and the device tree, in a block of the VMM's own. */
static u8 *make_launch_pages(const struct vm *vm, const struct boot *boot)
{
    const struct module *shim = vm_module(vm, MODULE_SHIM);
    if (shim == NULL || shim->content.size > LAUNCH_LIST - LAUNCH_BASE)
        fail("vm%u is to be confidential, and has no shim, or one that is too large", vm->index);
    u8 *pages = memory_allocate(LARGE_PAGE_ORDER);
    if (pages == NULL)
        return NULL;
    memset(pages, 0, LARGE_PAGE_SIZE);
    memcpy(pages, (const void *)shim->content.start, shim->content.size);
    write_list(vm, boot, (struct launch_list *)(pages + (LAUNCH_LIST - LAUNCH_BASE)));
    memcpy(pages + (LAUNCH_TREE - LAUNCH_BASE), boot->tree, boot->tree_size);
    return pages;
}

static bool launch(struct vm *vm, const u8 *pages)
{
    struct tvm *tvm = &vm->tvm;
    u64 block = take(vm);
    if (block == 0)
        return false;
    must(covh_call(COVH_ADD_TVM_MEASURED_PAGES, tvm->id, (u64)pages, block, TSM_PAGE_2M, 1, LAUNCH_BASE), "add measured pages");
    *block_of(vm, LAUNCH_BASE) = entry_of(block, BLOCK_MAPPED);
    tvm->private_pages += PAGES_PER_BLOCK;
    /* What is the VMM's it can read; what is the TVM's it cannot. */
    if (!host_can_read((u64)pages) || host_can_read(block) || host_can_read(tvm->control))
        fail("the memory of vm%u is open to its host", vm->index);
    tvm->reads_refused += 2;
    must(covh_call(COVH_FINALIZE_TVM, tvm->id, LAUNCH_BASE, LAUNCH_TREE, 0, 0, 0), "finalize a TVM");
    return true;
}

/*
 * Where confidential memory is static, the TVM is made in one step of a virtual machine that has never run: its memory is the launch pages, and it goes on
 * where these begin. The TSM copies and measures it.
 */
static bool promote(struct vm *vm, const u8 *pages)
{
    struct nacl *nacl = &shared_memory[this_hart()->index];
    if (!gstage_create(&vm->tables))
        return false;
    bool mapped = gstage_map(&vm->tables, LAUNCH_BASE, (u64)pages, LARGE_PAGE_SIZE, false);
    struct sbi_result result = { ERR_OUT_OF_MEMORY, 0 };
    if (mapped)
    {
        memset(nacl, 0, sizeof *nacl);
        nacl->x[11] = LAUNCH_TREE;
        nacl->csrs[NACL_HGATP] = gstage_hgatp(&vm->tables, 0);
        result = covh_call(COVH_PROMOTE_TO_TVM, LAUNCH_TREE, 0, LAUNCH_BASE, 0, 0, 0);
    }
    gstage_destroy(&vm->tables);
    if (result.error == ERR_OUT_OF_MEMORY)
        return false;
    vm->tvm.id = must(result, "promote a virtual machine");
    /* The TVM's memory is among what the firmware keeps from its host. */
    for (unsigned i = 0; i < machine.reserved_count; i++, vm->tvm.reads_refused++)
        if (host_can_read(machine.reserved[i].start))
            fail("the memory of vm%u is open to its host", vm->index);
    return true;
}

static bool confidential_boot(struct vm *vm, const struct boot *boot)
{
    u8 *pages = make_launch_pages(vm, boot);
    if (pages == NULL)
        return false;
    lock_acquire(&vm->lock);
    bool launched = vm->tvm.is_static ? promote(vm, pages) : launch(vm, pages);
    lock_release(&vm->lock);
    memory_free(pages, LARGE_PAGE_ORDER);
    return launched;
}

static void confidential_destroy(struct vm *vm)
{
    struct tvm *tvm = &vm->tvm;
    vm->table_pages = tvm->is_static ? 0 : PAGES_PER_BLOCK;
    vm->owned_pages = tvm->private_pages;
    must(covh_call(COVH_DESTROY_TVM, tvm->id, 0, 0, 0, 0, 0), "destroy a TVM");
    for (unsigned i = 0; vm->has_interrupt_files && i < vm->vcpu_count; i++)
        must(covi_call(COVI_RECLAIM_TVM_AIA_IMSIC, page_of_file(&vm->vcpus[i]), 0, 0), "give an interrupt file back");
    if (!tvm->is_static)
        give_back(tvm->control, LARGE_PAGE_SIZE);
    while (tvm->pool_count != 0)
        give_back(tvm->pool[--tvm->pool_count], LARGE_PAGE_SIZE);
    for (u64 i = 0; i < block_count(vm); i++)
    {
        u32 block = tvm->blocks[i];
        u32 *table = (u32 *)address_of(block);
        if ((block & BLOCK_SPLIT) == 0)
        {
            release(block, LARGE_PAGE_SIZE);
            continue;
        }
        for (unsigned page = 0; page < PAGES_PER_BLOCK; page++)
            release(table[page], PAGE_SIZE);
        memory_free(table, 0);
    }
    memory_free(tvm->blocks, tvm->blocks_order);
}

static bool add_shared(struct vm *vm, struct place place)
{
    void *memory = memory_allocate(order_of(place.size));
    if (memory == NULL)
        return false;
    memset(memory, 0, place.size);
    must(covh_call(COVH_ADD_TVM_SHARED_PAGES, vm->tvm.id, (u64)memory, type_of(place.size), 1, place.start, 0), "add shared pages");
    *place.entry = entry_of((u64)memory, BLOCK_MAPPED | BLOCK_SHARED);
    vm->tvm.shared_pages += place.size / PAGE_SIZE;
    return true;
}

static bool confidential_populate(struct vm *vm, u64 guest)
{
    struct place place = place_of(vm, guest);
    if ((*place.entry & BLOCK_MAPPED) != 0)
        return true; /* another virtual hart came first */
    if ((*place.entry & BLOCK_SHARED) != 0)
        return add_shared(vm, place);
    if (vm->tvm.is_static)
        return false; /* the TSM has none left */
    u64 memory = place.size == LARGE_PAGE_SIZE ? take(vm) : take_page();
    if (memory == 0)
        return false;
    must(covh_call(COVH_ADD_TVM_ZERO_PAGES, vm->tvm.id, memory, type_of(place.size), 1, place.start, 0), "add zero pages");
    *place.entry = entry_of(memory, BLOCK_MAPPED);
    vm->tvm.private_pages += place.size / PAGE_SIZE;
    return true;
}

/* Functions reach memory at any time, and do not come back if it is not there. With static memory it is there once the shim has touched it. */
static void populate_all(struct vm *vm)
{
    for (u64 offset = 0; !vm->tvm.is_static && offset < vm->ram.size; offset += LARGE_PAGE_SIZE)
        if (!confidential_populate(vm, vm->ram.start + offset))
            fail("the machine's memory is too small for vm%u: give it more with --memory", vm->index);
}

static void confidential_connect(struct vm *vm, struct passed *passed)
{
    lock_acquire(&vm->lock);
    populate_all(vm);
    lock_release(&vm->lock);
    passed->is_gone = !tdi_connect(&shared_memory[this_hart()->index], vm->tvm.id, passed);
}

static void confidential_disconnect(struct vm *vm, struct passed *passed)
{
    tdi_disconnect(&shared_memory[this_hart()->index], vm->tvm.id, passed);
}

/* Its memory is taken back at the end: the TVM has it mapped. */
static void confidential_lose(struct vm *vm, struct passed *passed)
{
    tdi_release(&shared_memory[this_hart()->index], vm->tvm.id, passed);
}

/* Devices reach what is shared. Anything else is a driver's mistake, which would go unnoticed otherwise: the device only stops. */
static u8 *confidential_page(struct vm *vm, u64 guest)
{
    struct place place = place_of(vm, guest);
    if ((*place.entry & BLOCK_SHARED) == 0)
    {
        if (!vm->tvm.has_complained)
            print("vm%u: a device was given the address %lx, which is not in shared memory", vm->index, guest);
        vm->tvm.has_complained = true;
        return NULL;
    }
    if ((*place.entry & BLOCK_MAPPED) == 0 && !add_shared(vm, place))
        return NULL;
    return (u8 *)address_of(*place.entry) + (guest - place.start);
}

/*
 * Fences the TVM: what was invalidated before, no virtual hart reaches any more. A fence is complete when the next one can begin: the virtual harts that ran
 * have left. So the one before has begun another, which virtual harts that have run since without an exit may still hold up.
 */
static void fence_tvm(const struct vm *vm)
{
    for (unsigned fence = 0; fence < 2; fence++)
    {
        for (unsigned i = 0; i < vm->vcpu_count; i++)
            if (vm->vcpus[i].hart != this_hart())
                hart_kick(vm->vcpus[i].hart);
        while (covh_call(COVH_TVM_FENCE, vm->tvm.id, 0, 0, 0, 0, 0).error == SBI_ERR_ALREADY_STARTED)
            lock_wait();
    }
}

/* Makes a table of pages of the block around an address, if it is not where a block begins. Returns false without memory. */
static bool split_at(struct vm *vm, u64 guest)
{
    u32 *block = block_of(vm, guest);
    if (guest % LARGE_PAGE_SIZE == 0 || (*block & BLOCK_SPLIT) != 0)
        return true;
    u32 *table = memory_allocate(0);
    if (table == NULL)
        return false;
    for (unsigned i = 0; i < PAGES_PER_BLOCK; i++)
        table[i] = (*block & BLOCK_MAPPED) != 0 ? entry_of(address_of(*block) + i * PAGE_SIZE, *block & (BLOCK_MAPPED | BLOCK_SHARED)) : *block;
    if ((*block & (BLOCK_MAPPED | BLOCK_SHARED)) == 0)
        vm->tvm.unassigned--;
    *block = entry_of((u64)table, BLOCK_SPLIT);
    return true;
}

/* Does something with the mappings of a place. With static memory the TSM has made some by itself, whole or page by page, and does not say which: those too. */
static void change(const struct vm *vm, struct place place, u32 function, const char *what)
{
    if ((*place.entry & BLOCK_MAPPED) != 0)
        must(covh_call(function, vm->tvm.id, place.start, place.size, 0, 0, 0), what);
    else if (vm->tvm.is_static && (*place.entry & BLOCK_SHARED) == 0 && covh_call(function, vm->tvm.id, place.start, place.size, 0, 0, 0).error != SBI_SUCCESS)
        for (u64 guest = place.start; guest - place.start < place.size; guest += PAGE_SIZE)
            covh_call(function, vm->tvm.id, guest, PAGE_SIZE, 0, 0, 0);
}

/* The TSM has made a range of addresses of one kind shared, or confidential: takes back what is mapped there. Returns false without memory. */
static bool convert(struct vm *vm, u64 start, u64 size, bool to_shared)
{
    if (!split_at(vm, start) || !split_at(vm, start + size))
        return false;
    struct place place;
    for (u64 guest = start; guest - start < size; guest = place.start + place.size)
    {
        place = place_of(vm, guest);
        change(vm, place, COVH_TVM_INVALIDATE_PAGES, "invalidate pages");
    }
    fence_tvm(vm);
    for (u64 guest = start; guest - start < size; guest = place.start + place.size)
    {
        place = place_of(vm, guest);
        change(vm, place, COVH_TVM_REMOVE_PAGES, "remove pages");
        if ((*place.entry & BLOCK_MAPPED) != 0)
            *((*place.entry & BLOCK_SHARED) != 0 ? &vm->tvm.shared_pages : &vm->tvm.private_pages) -= place.size / PAGE_SIZE;
        if (place.size == LARGE_PAGE_SIZE && (*place.entry & (BLOCK_MAPPED | BLOCK_SHARED)) == BLOCK_MAPPED)
            vm->tvm.unassigned++;
        if (to_shared && (*place.entry & BLOCK_MAPPED) != 0)
            vm->balloon.returned += place.size / PAGE_SIZE;
        release(*place.entry, place.size);
        *place.entry = to_shared ? BLOCK_SHARED : 0;
        if (vm->passthrough.count != 0 && (to_shared || !vm->tvm.is_static) && !confidential_populate(vm, place.start))
            return false;
    }
    return true;
}

/* Of a shared page that the TVM has named, the machine's: what is private it has not given up, whatever its driver says. NULL: there is nothing to take. */
static u32 *shared_entry(const struct vm *vm, struct range range, u64 guest, struct place *place)
{
    const u32 both = BLOCK_MAPPED | BLOCK_SHARED;
    *place = place_of(vm, guest);
    return (*place->entry & both) == both && range_holds(range, place->start, place->size) ? place->entry : NULL;
}

/* What the TVM has shared came back when it did: there is only to take what was touched since. */
static u64 confidential_take(struct vm *vm, const struct range *ranges, unsigned count)
{
    struct place place;
    u64 taken = 0;
    for (unsigned i = 0; i < count; i++)
        for (u64 guest = ranges[i].start; guest - ranges[i].start < ranges[i].size; guest = place.start + place.size)
            if (shared_entry(vm, ranges[i], guest, &place) != NULL && (*place.entry & BLOCK_BLOCKED) == 0)
            {
                change(vm, place, COVH_TVM_INVALIDATE_PAGES, "invalidate pages");
                *place.entry |= BLOCK_BLOCKED;
                taken += place.size / PAGE_SIZE;
            }
    if (taken == 0)
        return 0;
    fence_tvm(vm);
    for (unsigned i = 0; i < count; i++)
        for (u64 guest = ranges[i].start; guest - ranges[i].start < ranges[i].size; guest = place.start + place.size)
            if (shared_entry(vm, ranges[i], guest, &place) != NULL)
            {
                change(vm, place, COVH_TVM_REMOVE_PAGES, "remove pages");
                release(*place.entry, place.size);
                *place.entry = BLOCK_SHARED;
            }
    vm->tvm.shared_pages -= taken;
    return taken;
}

/* Binds it to its interrupt file, where it stays bound as long as it may run: it never runs on another hart. The registers are the TSM's affair. */
static void confidential_start(struct vcpu *vcpu)
{
    const struct vm *vm = vcpu->vm;
    if (!vm->has_interrupt_files || vcpu->is_bound)
        return;
    must(covi_call(COVI_BIND_AIA_IMSIC, vm->tvm.id, vcpu->index, BIT(vcpu->file)), "bind a vCPU to an interrupt file");
    vcpu->is_bound = true;
}

static void confidential_retire(struct vcpu *vcpu)
{
    const struct vm *vm = vcpu->vm;
    if (!vcpu->is_bound)
        return;
    must(covi_call(COVI_UNBIND_AIA_IMSIC_BEGIN, vm->tvm.id, vcpu->index, 0), "unbind a vCPU");
    fence_tvm(vm);
    must(covi_call(COVI_UNBIND_AIA_IMSIC_END, vm->tvm.id, vcpu->index, 0), "unbind a vCPU");
    vcpu->is_bound = false;
}

/* Where a hart has one virtual hart alone, that may wait by itself. Everything else that a virtual hart has on the hart is the TSM's affair. */
static void confidential_load(struct vcpu *vcpu)
{
    csr_write(hstatus, vcpu->hart->vcpu_count > 1 ? HSTATUS_VTW : 0);
}

static void confidential_nothing(struct vcpu *vcpu)
{
    (void)vcpu;
}

static void leave_exit(struct vcpu *vcpu, const struct nacl *nacl)
{
    struct context *context = &vcpu->context;
    context->scause = csr_read(scause);
    context->stval = csr_read(stval);
    context->htval = nacl->csrs[NACL_HTVAL];
    context->htinst = nacl->csrs[NACL_HTINST];
    memcpy(&context->x[10], &nacl->x[10], 8 * sizeof(u64)); /* a0 to a7 */
    if ((context->scause & CAUSE_INTERRUPT) != 0 || context->scause == CAUSE_ECALL_FROM_VS || context->scause == CAUSE_VIRTUAL_INSTRUCTION)
    {
        vcpu->csrs.vsie = nacl->csrs[NACL_VSIE];
        vcpu->csrs.vstimecmp = nacl->csrs[NACL_VSTIMECMP];
    }
}

static bool has_external_interrupt(const struct vcpu *vcpu)
{
    if (vcpu->vm->has_interrupt_files)
        return (csr_read(hgeip) >> vcpu->file & 1) != 0;
    return (aplic_asserted(&vcpu->vm->aplic) >> vcpu->index & 1) != 0;
}

/* A message to a virtual hart that is bound to no interrupt file, because it has not started: the TSM has noted it. */
static bool is_noted_message(const struct vcpu *vcpu)
{
    struct range files = { GUEST_IMSIC, vcpu->vm->vcpu_count * PAGE_SIZE };
    return vcpu->vm->has_interrupt_files && vcpu->context.scause == CAUSE_STORE_GUEST_PAGE_FAULT && range_holds(files, vcpu->context.htval << 2, 1);
}

static void confidential_run(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    struct nacl *nacl = &shared_memory[this_hart()->index];
    __atomic_store_n(&vcpu->software_pending, false, __ATOMIC_RELEASE); /* the TSM knows it, and delivers it */
    memcpy(&nacl->x[10], &vcpu->context.x[10], 2 * sizeof(u64));
    nacl->csrs[NACL_HVIP] = has_external_interrupt(vcpu) ? BIT(INTERRUPT_VIRTUAL_EXTERNAL) : 0;
    struct sbi_result result = covh_call(COVH_RUN_TVM_VCPU, vm->tvm.id, vcpu->index, 0, 0, 0, 0);
    if (result.error == SBI_SUCCESS)
        leave_exit(vcpu, nacl);
    bool goes_on = result.error == SBI_SUCCESS && result.value == 0;
    if (goes_on && !is_noted_message(vcpu))
        return;
    if (result.error != SBI_SUCCESS)
        print("vm%u: the TSM does not run virtual hart %u: error %ld", vm->index, vcpu->index, result.error);
    else if (!goes_on)
        print("vm%u: virtual hart %u exited for good, with cause %lx", vm->index, vcpu->index, vcpu->context.scause);
    vcpu->context.scause = CAUSE_INTERRUPT | INTERRUPT_SOFTWARE; /* nothing is left to be done for it */
    if (!goes_on)
        vm_stop(vm, VM_FAILURE);
}

static void confidential_skip(struct vcpu *vcpu, unsigned length)
{
    (void)vcpu;
    (void)length;
}

/* Exceptions are between a TVM and the TSM. Where a plain virtual machine would take one, this one has asked for what nobody has. */
static void confidential_raise(struct vcpu *vcpu, u64 cause, u64 value)
{
    (void)value;
    print("vm%u: there is nothing at %lx for virtual hart %u to access (cause %lx)", vcpu->vm->index, vcpu->context.htval << 2, vcpu->index, cause);
    vm_stop(vcpu->vm, VM_FAILURE);
}

static bool confidential_is_woken(struct vcpu *vcpu, u64 *deadline)
{
    const struct virtual_csrs *csrs = &vcpu->csrs;
    if (__atomic_load_n(&vcpu->software_pending, __ATOMIC_ACQUIRE))
        return true;
    if ((csrs->vsie & BIT(INTERRUPT_EXTERNAL)) != 0 && has_external_interrupt(vcpu))
        return true;
    if ((csrs->vsie & BIT(INTERRUPT_TIMER)) != 0)
    {
        if (now() >= csrs->vstimecmp)
            return true;
        *deadline = csrs->vstimecmp;
    }
    return false;
}

static void wake(const struct vcpu *vcpu)
{
    if (vcpu->hart != this_hart() && vcpu->hart->started)
        hart_kick(vcpu->hart);
}

/* Interrupts that the TVM has not allowed are refused, and lost, as they are to be. */
static void confidential_message(struct vcpu *vcpu, u32 identity)
{
    if (vcpu->vm->has_interrupt_files)
        covi_call(COVI_INJECT_TVM_CPU, vcpu->vm->tvm.id, vcpu->index, identity);
    else
        wake(vcpu);
}

static enum verdict told_of_memory(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    const u64 *x = vcpu->context.x;
    if ((u32)x[16] != COVG_SHARE_MEMORY_REGION && (u32)x[16] != COVG_UNSHARE_MEMORY_REGION)
        return GO_ON; /* MMIO regions and interrupts: the device tree has told it which there are */
    lock_acquire(&vm->lock);
    bool converted = convert(vm, x[10], x[11], (u32)x[16] == COVG_SHARE_MEMORY_REGION);
    lock_release(&vm->lock);
    if (!converted)
    {
        print("vm%u: the machine's memory is used up: give it more with --memory, or its virtual machines less", vm->index);
        vm_stop(vm, VM_FAILURE);
    }
    return GO_ON;
}

static enum verdict told_of_harts(struct vcpu *vcpu)
{
    const u64 *x = vcpu->context.x;
    u32 state = VCPU_RUNNABLE;
    switch ((u32)x[16])
    {
        case HSM_START:
            if (x[10] < vcpu->vm->vcpu_count)
            {
                struct vcpu *target = &vcpu->vm->vcpus[x[10]];
                __atomic_store_n(&target->state, VCPU_STARTING, __ATOMIC_RELEASE);
                wake(target);
            }
            break;
        case HSM_STOP: /* unless another one has started it meanwhile */
            __atomic_compare_exchange_n(&vcpu->state, &state, VCPU_STOPPED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
            break;
        case HSM_SUSPEND:
            __atomic_compare_exchange_n(&vcpu->state, &state, VCPU_WAITING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
            break;
    }
    return LOOK_AROUND;
}

static enum verdict told_of_ipi(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    u64 selected;
    if (sbi_select_vcpus(vm, vcpu->context.x[10], vcpu->context.x[11], &selected))
    {
        for (; selected != 0; selected &= selected - 1)
        {
            struct vcpu *target = &vm->vcpus[first_bit(selected)];
            __atomic_store_n(&target->software_pending, true, __ATOMIC_RELEASE);
            if (vcpu_state(target) == VCPU_WAITING)
                wake(target);
        }
    }
    return GO_ON;
}

/* Most calls the TSM has answered, and only tells of; resets and the debug console are the VMM's. */
static enum verdict confidential_call(struct vcpu *vcpu)
{
    switch (vcpu->context.x[17])
    {
        case SBI_COVG:
            if (vcpu->context.x[16] < COVG_GET_DEVICE_LINK)
                return told_of_memory(vcpu);
            tdi_answer(&shared_memory[this_hart()->index], &vcpu->vm->passthrough);
            return GO_ON;
        case SBI_HSM:
            return told_of_harts(vcpu);
        case SBI_IPI:
            return told_of_ipi(vcpu);
        default:
            return handle_sbi(vcpu);
    }
}

const struct vm_operations confidential_operations = {
    .name = "confidential",
    .ram = confidential_ram,
    .has_interrupt_files = confidential_has_interrupt_files,
    .create = confidential_create,
    .boot = confidential_boot,
    .retire = confidential_retire,
    .destroy = confidential_destroy,
    .connect = confidential_connect,
    .disconnect = confidential_disconnect,
    .lose = confidential_lose,
    .start = confidential_start,
    .load = confidential_load,
    .save = confidential_nothing,
    .run = confidential_run,
    .decode = instruction_decode_transformed,
    .call = confidential_call,
    .skip = confidential_skip,
    .raise = confidential_raise,
    .is_woken = confidential_is_woken,
    .populate = confidential_populate,
    .take = confidential_take,
    .page = confidential_page,
    .message = confidential_message,
};
