#include "tvm.h"

#include "covg.h"
#include "interface.h"
#include "riscv.h"

#define LEAF 0xDF /* D, A, U, X, W, R, V */

u64 secret(void)
{
    return SECRET_HALF ^ SECRET_OTHER_HALF;
}

u64 victim_address(const struct victim *victim, unsigned page)
{
    return (u64)victim->memory + page * PAGE_SIZE;
}

u64 *plain_entry(const struct victim *victim, u64 guest)
{
    u64 *root = (u64 *)victim_address(victim, AT_ROOT);
    u64 *middle = (u64 *)victim_address(victim, AT_TABLES);
    u64 *last = (u64 *)victim_address(victim, AT_TABLES + 1 + (guest >> 21 & 3));
    root[guest >> 30] = (u64)middle >> 12 << 10 | 1;
    middle[guest >> 21 & 511] = (u64)last >> 12 << 10 | 1;
    return &last[guest >> 12 & 511];
}

void plain_map(struct victim *victim, u64 guest, u64 address)
{
    *plain_entry(victim, guest) = address >> 12 << 10 | LEAF;
    fence_guest_physical(0);
}

void victim_prepare(struct victim *victim, bool is_confidential)
{
    *victim = (struct victim){ .is_confidential = is_confidential };
    victim->memory = host_pages(VICTIM_TOTAL, 16 * KIB);
    victim->shared = host_pages(VICTIM_SHARED_SIZE / PAGE_SIZE, PAGE_SIZE);
    if (!is_confidential)
        return;
    give_away(victim->memory, VICTIM_TOTAL);
    struct tvm_create_params params = { victim_address(victim, AT_ROOT), victim_address(victim, AT_STATE) };
    struct sbi_result created = covh_call(COVH_CREATE_TVM, (u64)&params, sizeof params, 0, 0, 0, 0);
    must(created, "the TSM does not create a TVM");
    victim->id = created.value;
    must(covh_call(COVH_ADD_TVM_MEMORY_REGION, victim->id, VICTIM_BASE, VICTIM_SIZE, 0, 0, 0), "the TSM does not add a region");
    must(covh_call(COVH_CREATE_TVM_VCPU, victim->id, 0, victim_address(victim, AT_VCPU), 0, 0, 0), "the TSM does not create a vCPU");
    must(covh_call(COVH_ADD_TVM_PAGE_TABLE_PAGES, victim->id, victim_address(victim, AT_TABLES), TABLES, 0, 0, 0), "the TSM does not take page-table pages");
}

void victim_measure(struct victim *victim, const u8 *image)
{
    if (victim->is_confidential)
        must(covh_call(COVH_ADD_TVM_MEASURED_PAGES, victim->id, (u64)image, victim_address(victim, AT_MEMORY), TSM_PAGE_4K, 2, VICTIM_BASE), "the TSM does not add measured pages");
    else
        memcpy((void *)victim_address(victim, AT_MEMORY), image, 2 * PAGE_SIZE);
}

void victim_finalize(struct victim *victim)
{
    if (victim->is_confidential)
    {
        must(covh_call(COVH_FINALIZE_TVM, victim->id, VICTIM_BASE, 0, 0, 0, 0), "the TSM does not finalize a TVM");
        must(covh_call(COVH_ADD_TVM_ZERO_PAGES, victim->id, victim_secret(victim), TSM_PAGE_4K, VICTIM_PAGES - 2, VICTIM_BASE + VICTIM_SECRET, 0), "the TSM does not add zero pages");
        return;
    }
    for (u64 i = 0; i < VICTIM_PAGES; i++)
        plain_map(victim, VICTIM_BASE + i * PAGE_SIZE, victim_address(victim, AT_MEMORY + i));
    for (u64 i = 0; i < VICTIM_SHARED_SIZE; i += PAGE_SIZE)
        plain_map(victim, VICTIM_BASE + VICTIM_SHARED + i, (u64)victim->shared + i);
    victim->context = (struct context){ .pc = VICTIM_BASE, .sstatus = SSTATUS_SPP | SSTATUS_FS_INITIAL, .hstatus = HSTATUS_SPV | HSTATUS_SPVP };
    victim->csrs.vsstatus = SSTATUS_FS_INITIAL;
}

void victim_launch(struct victim *victim, bool is_confidential, const u8 *image)
{
    victim_prepare(victim, is_confidential);
    victim_measure(victim, image);
    victim_finalize(victim);
    struct victim_exit exit = victim_run(victim, COMMAND_NOTHING, 0);
    if (exit.error != SBI_SUCCESS || exit.cause != CAUSE_ECALL_FROM_VS || !victim_is_intact(victim))
        give_up("the victim does not start");
}

static struct victim_exit plain_run(struct victim *victim, u64 command, u64 argument)
{
    struct context *context = &victim->context;
    if (victim->is_running_answer)
    {
        context->x[10] = command;
        context->x[11] = argument;
        context->pc += 4;
    }
    csr_write(hedeleg, 0xB1FF);
    csr_write(hideleg, 0x444);
    csr_write(hvip, victim->hvip);
    csr_write(hgatp, SATP_MODE_SV39 | victim_address(victim, AT_ROOT) >> 12);
    csr_write(vsatp, 0);
    fence_guest_physical(0);
#define LOAD(name) csr_write(name, victim->csrs.name);
    VICTIM_CSRS(LOAD)
    csr_set(sstatus, SSTATUS_FS);
    context_run(context);
#define SAVE(name) victim->csrs.name = csr_read(name);
    VICTIM_CSRS(SAVE)
    csr_write(hvip, 0);
    victim->is_running_answer = context->scause == CAUSE_ECALL_FROM_VS;
    return (struct victim_exit){ 0, context->scause, context->x[10], context->x[11], context->htval << 2 };
}

static struct victim_exit confidential_run(struct victim *victim, u64 command, u64 argument)
{
    struct nacl *nacl = host_shared();
    nacl->x[10] = command;
    nacl->x[11] = argument;
    for (;;)
    {
        struct sbi_result result = covh_call(COVH_RUN_TVM_VCPU, victim->id, 0, 0, 0, 0, 0);
        u64 cause = csr_read(scause);
        if (result.error == SBI_SUCCESS && cause == CAUSE_ECALL_FROM_VS && nacl->x[17] == SBI_COVG && nacl->x[16] >= COVG_GET_DEVICE_LINK)
        {
            interface_answer();
            continue; /* a call that waits for its device */
        }
        if (result.error == SBI_SUCCESS && cause == CAUSE_ECALL_FROM_VS && nacl->x[17] != SBI_DBCN)
            continue; /* the host is told of a call that the TSM has answered */
        return (struct victim_exit){ result.error, cause, nacl->x[10], nacl->x[11], nacl->csrs[NACL_HTVAL] << 2 };
    }
}

struct victim_exit victim_run(struct victim *victim, u64 command, u64 argument)
{
    return victim->is_confidential ? confidential_run(victim, command, argument) : plain_run(victim, command, argument);
}

void victim_share(struct victim *victim)
{
    if (!victim->is_confidential)
        return;
    struct victim_exit exit = victim_run(victim, COMMAND_COVG | 2 << 8, VICTIM_BASE + VICTIM_SHARED);
    if (exit.error != SBI_SUCCESS || exit.status != 0)
        give_up("the victim does not share memory");
    must(covh_call(COVH_ADD_TVM_SHARED_PAGES, victim->id, (u64)victim->shared, TSM_PAGE_4K, VICTIM_SHARED_SIZE / PAGE_SIZE, VICTIM_BASE + VICTIM_SHARED, 0), "the TSM does not add shared pages");
}

static struct victim_exit spun;

static void spin(void *victim)
{
    spun = victim_run(victim, COMMAND_SPIN, VICTIM_BASE + VICTIM_SHARED);
}

void victim_spin(struct victim *victim)
{
    volatile u64 *mark = (volatile u64 *)victim->shared + 1;
    *mark = 0;
    host_begin(spin, victim);
    while (*mark != FOREIGN)
        if (!host_is_busy())
            give_up("the victim does not run on the other hart");
}

struct victim_exit victim_interrupt(void)
{
    host_interrupt();
    host_await();
    return spun;
}

bool victim_is_intact(struct victim *victim)
{
    struct victim_exit exit = victim_run(victim, COMMAND_CHECK, 0);
    return exit.error == SBI_SUCCESS && exit.cause == CAUSE_ECALL_FROM_VS && exit.status == 0 && exit.value == 0;
}

void victim_destroy(struct victim *victim)
{
    if (victim->is_confidential)
        must(covh_call(COVH_DESTROY_TVM, victim->id, 0, 0, 0, 0, 0), "the TSM does not destroy a TVM");
}
