using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>Supervisor-level CSRs (Privileged, "Supervisor-Level ISA"; Sstc; Smstateen for the conditions).</summary>
internal static class SupervisorCsrs
{
    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        yield return new(0x100, "sstatus", h => h.ReadMstatus() & Mstatus.SupervisorVisible, (h, v) => h.WriteMstatus(v, Mstatus.SupervisorWritable));
        yield return new(0x104, "sie", h => h.Sie, (h, v) => h.WriteSie(v));
        yield return new(0x105, "stvec", h => h.Stvec, (h, v) => h.Stvec = Hart.LegalizeVector(h.Stvec, v));
        yield return new(0x106, "scounteren", h => h.Scounteren, (h, v) => h.Scounteren = (uint)v & h.Counters.Implemented);
        yield return new(0x10A, "senvcfg", h => h.Senvcfg, (h, v) => h.Senvcfg = Hart.LegalizeEnvcfg(h.Senvcfg, v, Envcfg.SupervisorWritable), h => h.StateEnabled(StateEnableCsrs.Envcfg));
        yield return new(0x140, "sscratch", h => h.Sscratch, (h, v) => h.Sscratch = v);
        yield return new(0x141, "sepc", h => h.Sepc, (h, v) => h.Sepc = v & ~1UL);
        yield return new(0x142, "scause", h => h.Scause, (h, v) => h.Scause = v);
        yield return new(0x143, "stval", h => h.Stval, (h, v) => h.Stval = v);
        yield return new(0x144, "sip", h => h.Sip, update: (h, set, clear) => h.UpdateSip(set, clear));
        yield return new(0x14D, "stimecmp", h => h.Stimecmp, (h, v) => h.WriteStimecmp(v), SupervisorTimerPermitted);
        yield return new(0x180, "satp", h => h.Satp, (h, v) => h.WriteSatp(v), h => h.Privilege == PrivilegeMode.Machine || (h.Mstatus & Mstatus.Tvm) == 0);
        _ = configuration;
    }

    // Sstc: below M, menvcfg.STCE and mcounteren.TM must be set.
    private static bool SupervisorTimerPermitted(Hart hart) =>
        hart.Privilege == PrivilegeMode.Machine || ((hart.Menvcfg & Envcfg.Stce) != 0 && (hart.Mcounteren & 2) != 0);
}
