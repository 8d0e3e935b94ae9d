using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>
/// The VS CSRs: replicas of supervisor CSRs that stand for them while V = 1 (Privileged, "Hypervisor and Virtual Supervisor CSRs"; Sstc).
/// Conditions for VS-mode are declared with the supervisor CSR, conditions for HS-mode here.
/// </summary>
internal static class VirtualSupervisorCsrs
{
    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (!configuration.Extensions.Has(Extension.H))
        {
            yield break;
        }

        yield return new(0x200, "vsstatus", h => h.ReadVsstatus(), (h, v) => h.WriteVsstatus(v));

        yield return new(0x204, "vsie", h => h.Vsie, (h, v) => h.WriteVsie(v));
        yield return new(0x205, "vstvec", h => h.Vstvec, (h, v) => h.Vstvec = Hart.LegalizeVector(h.Vstvec, v));
        yield return new(0x240, "vsscratch", h => h.Vsscratch, (h, v) => h.Vsscratch = v);
        yield return new(0x241, "vsepc", h => h.Vsepc, (h, v) => h.Vsepc = v & ~1UL);
        yield return new(0x242, "vscause", h => h.Vscause, (h, v) => h.Vscause = v);
        yield return new(0x243, "vstval", h => h.Vstval, (h, v) => h.Vstval = v);
        yield return new(0x244, "vsip", h => h.Vsip, update: (h, set, clear) => h.UpdateVsip(set, clear));
        yield return new(0x24D, "vstimecmp", h => h.Vstimecmp, (h, v) => h.WriteVstimecmp(v), SupervisorCsrs.SupervisorTimerPermitted);
        yield return new(0x280, "vsatp", h => h.Vsatp, (h, v) => h.WriteVsatp(v));
    }
}
