using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>Supervisor-level CSRs (Privileged, "Supervisor-Level ISA"; Sstc; Smstateen for the conditions).</summary>
internal static class SupervisorCsrs
{
    private const uint TimeBit = 2; // TM of the counter enables

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        yield return new(0x100, "sstatus", h => h.ReadMstatus() & Mstatus.SupervisorVisible, (h, v) => h.WriteMstatus(v, Mstatus.SupervisorWritable));
        yield return new(0x104, "sie", h => h.Mie & Delegated(h), (h, v) => h.WriteMie((h.Mie & ~Delegated(h)) | (v & Delegated(h))));
        yield return new(0x105, "stvec", h => h.Stvec, (h, v) => h.Stvec = Hart.LegalizeVector(h.Stvec, v));
        yield return new(0x106, "scounteren", h => h.Scounteren, (h, v) => h.Scounteren = (uint)v & h.Counters.Implemented);
        yield return new(0x10A, "senvcfg", h => h.Senvcfg, (h, v) => h.Senvcfg = Hart.LegalizeEnvcfg(h.Senvcfg, v, Envcfg.SupervisorWritable), h => h.StateEnabled(StateEnableCsrs.Envcfg), h => (h.ReadHstateen(0) & StateEnableCsrs.Envcfg) != 0);
        yield return new(0x140, "sscratch", h => h.Sscratch, (h, v) => h.Sscratch = v);
        yield return new(0x141, "sepc", h => h.Sepc, (h, v) => h.Sepc = v & ~1UL);
        yield return new(0x142, "scause", h => h.Scause, (h, v) => h.Scause = v);
        yield return new(0x143, "stval", h => h.Stval, (h, v) => h.Stval = v);
        yield return new(
            0x144,
            "sip",
            h => h.Mip & Delegated(h),
            (h, v) => h.WriteSoftwarePending(v, Delegated(h) & ((1UL << InterruptCode.SupervisorSoftware) | (1UL << InterruptCode.CounterOverflow))));
        yield return new(0x14D, "stimecmp", h => h.Stimecmp, (h, v) => h.WriteStimecmp(v), SupervisorTimerPermitted, h => (h.Henvcfg & Envcfg.Stce) != 0 && (h.Hcounteren & TimeBit) != 0);
        yield return new(0x180, "satp", h => h.Satp, (h, v) => h.WriteSatp(v), TranslationPermitted, h => (h.Hstatus & Hstatus.Vtvm) == 0);
        _ = configuration;
    }

    /// <summary>Condition for satp and hgatp: TVM traps them in HS-mode, and is ignored in guests.</summary>
    public static bool TranslationPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine || hart.IsVirtual || (hart.Mstatus & Mstatus.Tvm) == 0;

    /// <summary>Condition for stimecmp and vstimecmp: below M, menvcfg.STCE and mcounteren.TM must be set (Sstc).</summary>
    public static bool SupervisorTimerPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine || ((hart.Menvcfg & Envcfg.Stce) != 0 && (hart.Mcounteren & TimeBit) != 0);

    // The interrupts of the hypervisor extension are delegated too, but show in hip and hie.
    private static ulong Delegated(Hart hart) => hart.Mideleg & InterruptCode.SupervisorMask;
}
