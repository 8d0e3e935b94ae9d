#include "interrupts.h"

#include "machine.h"
#include "riscv.h"

/* APLIC registers (AIA 1.0, "Memory-mapped control region for an interrupt domain"). */
#define DOMAINCFG 0x0000
#define SOURCECFG(source) (4 * (source))
#define SETIENUM 0x1EDC
#define SETIPNUM_LE 0x2000
#define TARGET(source) (0x3000 + 4 * (source))
#define DOMAINCFG_IE BIT(8)
#define DOMAINCFG_DM BIT(2)
#define SOURCE_LEVEL_HIGH 6
#define TARGET_HART_SHIFT 18

#define STOPEI_IDENTITY_SHIFT 16

static void file_write(u64 select, u64 value)
{
    csr_write(siselect, select);
    csr_write(sireg, value);
}

void interrupts_start(void)
{
    file_write(EITHRESHOLD, 0);
    file_write(EIDELIVERY, 1);
}

void interrupts_enable_source(u32 source)
{
    if (machine.aplic.size == 0 || source == 0 || source >= 64)
        return;
    csr_write(siselect, EIE0);
    csr_set(sireg, BIT(source));
    volatile u32 *aplic = (volatile u32 *)machine.aplic.start;
    aplic[DOMAINCFG / 4] = DOMAINCFG_IE | DOMAINCFG_DM;
    aplic[SOURCECFG(source) / 4] = SOURCE_LEVEL_HIGH;
    aplic[TARGET(source) / 4] = this_hart()->index << TARGET_HART_SHIFT | source;
    aplic[SETIENUM / 4] = source;
}

void interrupts_rearm(u32 source)
{
    if (machine.aplic.size != 0)
        ((volatile u32 *)machine.aplic.start)[SETIPNUM_LE / 4] = source;
}

u32 interrupts_claim(void)
{
    return (u32)(csr_swap(stopei, 0) >> STOPEI_IDENTITY_SHIFT);
}

u64 interrupts_guest_page(const struct hart *hart, unsigned file)
{
    return machine.imsic.start + hart->index * machine.imsic_stride + file * PAGE_SIZE;
}
