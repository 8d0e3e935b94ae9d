/* The victim's registers between its runs. */
#include "attacks.h"
#include "riscv.h"

u64 run_and_save(u64 tvm, u64 vcpu, u64 *registers);

static bool holds_secret(const void *memory, u64 bytes)
{
    const u64 *words = memory;
    for (u64 i = 0; i < bytes / 8; i++)
        if (words[i] == secret())
            return true;
    return false;
}

void read_registers(struct trial *trial)
{
    struct victim *victim = trial->victim;
    if (!trial->is_confidential)
    {
        attempt(trial, holds_secret(&victim->context, sizeof victim->context), OTHER, "the context");
        return;
    }
    static u64 registers[64];
    struct nacl *nacl = host_shared();
    nacl->x[10] = COMMAND_NOTHING;
    run_and_save(victim->id, 0, registers);
    attempt(trial, holds_secret(registers, 256), SCRUBBED, "general registers");
    attempt(trial, holds_secret(registers + 32, 256), SCRUBBED, "floating-point registers");
    attempt(trial, holds_secret(nacl, sizeof *nacl), SCRUBBED, "shared memory");
    const u64 csrs[] = {
        csr_read(vsscratch), csr_read(vsepc), csr_read(vstvec), csr_read(vscause), csr_read(vstval), csr_read(vsatp), csr_read(vsstatus), csr_read(sscratch),
        csr_read(sepc), csr_read(stval), csr_read(htval), csr_read(htinst), csr_read(hgatp), csr_read(vsie), csr_read(vstimecmp),
    };
    attempt(trial, holds_secret(csrs, sizeof csrs), SCRUBBED, "CSRs");
    /* Nor is there a way left into its address space. */
    attempt(trial, csr_read(hgatp) << 20 >> 20 == victim_address(victim, AT_ROOT) >> 12, SCRUBBED, "hgatp");
}

void forge_state(struct trial *trial)
{
    struct victim *victim = trial->victim;
    if (!trial->is_confidential)
    {
        victim->context.x[18] = FOREIGN; /* s2 */
        tried_harm(trial, OTHER, "a general register");
        return;
    }
    struct nacl *nacl = host_shared();
    static const unsigned csrs[] = { 0x100, 0x105, 0x140, 0x141, 0x142, 0x143, 0x180, 0x200, 0x205, 0x240, 0x241, 0x242, 0x243, 0x280, 0x600, 0x602, 0x603, 0x604, 0x605, 0x606, 0x60A, 0x680 };
    for (unsigned i = 0; i < 32; i++)
        nacl->x[i] = FOREIGN;
    for (unsigned i = 0; i < COUNT_OF(csrs); i++)
        nacl->csrs[NACL_CSR(csrs[i])] = FOREIGN;
    csr_write(vsscratch, FOREIGN);
    csr_write(vsepc, FOREIGN);
    csr_write(vstvec, FOREIGN);
    csr_write(sepc, FOREIGN);
    csr_write(hgatp, SATP_MODE_SV39 | (u64)host_pages(4, 16 * KIB) >> 12);
    tried_harm(trial, IGNORED, "registers and CSRs in shared memory");
    csr_write(hgatp, 0);
    /* And at an exit that takes no answer: what a0 and a1 hold then is the victim's. */
    struct victim_exit exit = victim_run(victim, COMMAND_LOAD, VICTIM_BASE + VICTIM_UNUSED);
    attempt(trial, exit.cause != CAUSE_LOAD_GUEST_PAGE_FAULT, IGNORED, "a load from nothing");
    must(covh_call(COVH_ADD_TVM_ZERO_PAGES, victim->id, victim_address(victim, AT_SPARE), TSM_PAGE_4K, 1, VICTIM_BASE + VICTIM_UNUSED, 0), "the TSM does not add a page");
    for (unsigned i = 0; i < 32; i++)
        nacl->x[i] = FOREIGN;
    exit = victim_run(victim, FOREIGN, FOREIGN);
    attempt(trial, exit.status != 0 || exit.value != 0, IGNORED, "the value of a load from memory");
    tried_harm(trial, IGNORED, "general registers after a guest-page fault");
}
