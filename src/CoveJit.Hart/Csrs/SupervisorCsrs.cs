using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>Supervisor-level CSRs (Privileged, "Supervisor-Level ISA"; Sstc; Smstateen for the conditions).</summary>
internal static class SupervisorCsrs
{
    private const uint TimeBit = 2; // TM of the counter enables

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        yield return new(0x100, "sstatus", h => h.ReadMstatus() & Mstatus.SupervisorVisible, (h, v) => h.WriteMstatus(v, Mstatus.SupervisorWritable));
        yield return new(0x104, "sie", h => h.Sie, (h, v) => h.WriteSie(v), permitsVirtual: NotControlled);
        yield return new(0x105, "stvec", h => h.Stvec, (h, v) => h.Stvec = Hart.LegalizeVector(h.Stvec, v));
        yield return new(0x106, "scounteren", h => h.Scounteren, (h, v) => h.Scounteren = (uint)v & h.Counters.Implemented);
        yield return new(0x10A, "senvcfg", h => h.ReadSenvcfg(), (h, v) => h.WriteSenvcfg(v), h => h.StateEnabled(StateEnableCsrs.Envcfg), (h, _) => h.GuestStateEnabled(StateEnableCsrs.Envcfg));
        yield return new(0x140, "sscratch", h => h.Sscratch, (h, v) => h.Sscratch = v);
        yield return new(0x141, "sepc", h => h.Sepc, (h, v) => h.Sepc = v & ~1UL);
        yield return new(0x142, "scause", h => h.Scause, (h, v) => h.Scause = v);
        yield return new(0x143, "stval", h => h.Stval, (h, v) => h.Stval = v);
        yield return new(0x144, "sip", h => h.Sip, permitsVirtual: NotControlled, update: (h, set, clear) => h.UpdateSip(set, clear));
        yield return new(0x14D, "stimecmp", h => h.Stimecmp, (h, v) => h.WriteStimecmp(v), SupervisorTimerPermitted, (h, writes) => (h.Henvcfg & Envcfg.Stce) != 0 && (h.Hcounteren & TimeBit) != 0 && !(writes && h.VirtualInterruptsControlled));
        yield return new(0x180, "satp", h => h.Satp, (h, v) => h.WriteSatp(v), TranslationPermitted, (h, _) => (h.Hstatus & Hstatus.Vtvm) == 0);
        _ = configuration;
    }

    /// <summary>Condition for satp and hgatp: TVM traps them in HS-mode, and is ignored in guests.</summary>
    public static bool TranslationPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine || hart.IsVirtual || (hart.Mstatus & Mstatus.Tvm) == 0;

    /// <summary>Condition for stimecmp and vstimecmp: below M, menvcfg.STCE and mcounteren.TM must be set (Sstc).</summary>
    public static bool SupervisorTimerPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine || ((hart.Menvcfg & Envcfg.Stce) != 0 && (hart.Mcounteren & TimeBit) != 0);

    // Under hvictl.VTI the hypervisor emulates the guest's pending and enabled interrupts.
    private static bool NotControlled(Hart hart, bool writes) => !hart.VirtualInterruptsControlled;
}
