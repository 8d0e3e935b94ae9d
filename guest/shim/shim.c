/*
 * The shim: the first code of a confidential virtual machine, for a kernel that knows nothing of CoVE. It tells the TSM which addresses the host
 * emulates and which memory it may see, takes kernel and initrd from the host, checks them, and starts the kernel. Its arguments are in the launch list.
 */
#include "covg.h"
#include "fdt.h"
#include "interfaces.h"
#include "launch.h"
#include "sbi.h"
#include "sha384.h"

enum { CHUNK = 2 * MIB };

extern void other_vcpu(void);
_Noreturn void start_kernel(u64 vcpu, u64 tree, u64 entry);
_Noreturn void shim_main(u64 vcpu, u64 tree);
_Noreturn void shim_trapped(u64 cause, u64 at, u64 value);

static void say(const char *text)
{
    for (; *text != 0; text++)
        sbi_call(SBI_DBCN, DBCN_WRITE_BYTE, (u8)*text, 0, 0, 0, 0);
}

static void say_number(u64 number)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        sbi_call(SBI_DBCN, DBCN_WRITE_BYTE, (u8)"0123456789abcdef"[number >> shift & 15], 0, 0, 0, 0);
}

/* There is no way on. */
static _Noreturn void refuse(const char *why)
{
    say("shim: ");
    say(why);
    say("\n");
    sbi_system_reset(RESET_SHUTDOWN, RESET_SYSTEM_FAILURE);
}

void shim_trapped(u64 cause, u64 at, u64 value)
{
    say("shim: trap ");
    say_number(cause);
    say(" at ");
    say_number(at);
    say(", value ");
    say_number(value);
    refuse("");
}

static void must(struct sbi_result result, const char *why)
{
    if (result.error != SBI_SUCCESS)
        refuse(why);
}

static void declare_memory(const struct launch_list *list)
{
    if (list->magic != LAUNCH_MAGIC || list->device_count > LAUNCH_DEVICES_MAX)
        refuse("the launch list is not one of this version");
    for (u64 i = 0; i < list->device_count; i++)
        must(covg_call(COVG_ADD_MMIO_REGION, list->devices[i].start, list->devices[i].size), "the TSM refuses a device's addresses");
    must(covg_call(COVG_SHARE_MEMORY_REGION, list->window.start, list->window.size), "the TSM refuses to share the window");
}

static void allow_interrupts(const struct launch_list *list)
{
    for (u64 i = 1; i < list->vcpus; i++)
    {
        must(sbi_call(SBI_HSM, HSM_START, i, (u64)other_vcpu, 0, 0, 0), "a vCPU does not start");
        while (sbi_call(SBI_HSM, HSM_STATUS, i, 0, 0, 0, 0).value != HSM_STATE_STOPPED)
            ;
    }
    must(covg_call(COVG_ALLOW_EXTERNAL_INTERRUPT, ~0ul, 0), "the TSM does not allow interrupts");
}

/* The kernel's place serves for what devices say of themselves, before it comes. */
static void accept_functions(const struct launch_list *list)
{
    u8 *scratch = (u8 *)align_up(list->files[LAUNCH_KERNEL].place.start, PAGE_SIZE);
    if (list->function_count > LAUNCH_FUNCTIONS_MAX)
        refuse("the launch list is not one of this version");
    /* A function does not come back for a page that is not there. */
    for (u64 offset = 0; list->function_count != 0 && offset < list->memory.size; offset += PAGE_SIZE)
        *(const volatile u8 *)(list->memory.start + offset);
    for (u64 i = 0; i < list->function_count; i++)
    {
        memset(scratch, 0, SCRATCH_SIZE); /* it is there, all of it */
        const char *failure = interface_accept(&list->functions[i], scratch);
        if (failure == NULL)
            continue;
        if (!list->functions[i].is_optional)
            refuse(failure);
        say("shim: left out: ");
        say(failure);
        say("\n");
        ((volatile u64 *)list->loader)[LOADER_REFUSED / 8] = i; /* the kernel is not to look for it */
    }
}

/* Has the host copy a part of a file into the window. */
static void fetch(const struct launch_list *list, u64 file, u64 offset, u64 size)
{
    volatile u64 *loader = (volatile u64 *)list->loader;
    loader[LOADER_FILE / 8] = file;
    loader[LOADER_OFFSET / 8] = offset;
    loader[LOADER_SIZE / 8] = size;
    loader[LOADER_ADDRESS / 8] = list->window.start;
    if (loader[LOADER_STATUS / 8] != 0)
        refuse("the host does not provide the kernel or the initrd");
}

/* What is checked is the private copy: what is in the window the host can change. */
static void load(const struct launch_list *list, u64 number)
{
    static const char *const refusals[] = {
        [LAUNCH_KERNEL] = "the kernel is not the one in the launch list",
        [LAUNCH_INITRD] = "the initrd is not the one in the launch list",
    };
    const struct launch_file *file = &list->files[number];
    struct sha384 hash;
    u8 digest[SHA384_SIZE];
    if (file->place.size == 0)
        return;
    sha384_begin(&hash);
    for (u64 offset = 0, part; offset < file->place.size; offset += part)
    {
        part = min_u64(file->place.size - offset, CHUNK);
        fetch(list, number, offset, part);
        void *to = (void *)(file->place.start + offset);
        memcpy(to, (const void *)list->window.start, part);
        sha384_add(&hash, to, part);
    }
    sha384_end(&hash, digest);
    if (memcmp(digest, file->sha384, sizeof digest) != 0)
        refuse(refusals[number]);
}

static void check_command_line(const struct launch_list *list, u64 tree)
{
    struct fdt fdt;
    struct sha384 hash;
    u8 digest[SHA384_SIZE];
    fdt_open(&fdt, (const void *)tree);
    const char *text = fdt_text(&fdt, fdt_child(&fdt, fdt.root, "chosen"), "bootargs");
    sha384_begin(&hash);
    if (text != NULL)
        sha384_add(&hash, text, strlen(text));
    sha384_end(&hash, digest);
    if (memcmp(digest, list->command_line_sha384, sizeof digest) != 0)
        refuse("the command line is not the one in the launch list");
}

void shim_main(u64 vcpu, u64 tree)
{
    const struct launch_list *list = (const struct launch_list *)LAUNCH_LIST;
    declare_memory(list);
    allow_interrupts(list);
    accept_functions(list);
    for (u64 i = 0; i < LAUNCH_FILES; i++)
        load(list, i);
    check_command_line(list, tree);
    start_kernel(vcpu, tree, list->entry);
}
