using CoveJit.Harts.Traps;
using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>The CSRs that the hypervisor extension gives to HS-mode, and the two it gives to M-mode (Privileged, "Hypervisor and Virtual Supervisor CSRs").</summary>
internal static class HypervisorCsrs
{
    // Privileged, table "Bits of hedeleg that must be writable or must be read-only zero".
    private const ulong Delegable = 0xC_B1FF;

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (!configuration.Extensions.Has(Extension.H))
        {
            yield break;
        }

        yield return new(0x600, "hstatus", h => h.Hstatus | Hstatus.Vsxl, (h, v) => h.WriteHstatus(v));
        yield return new(0x602, "hedeleg", h => h.Hedeleg, (h, v) => h.Hedeleg = v & Delegable);
        yield return new(0x603, "hideleg", h => h.Hideleg, (h, v) => h.WriteHideleg(v));
        yield return new(0x604, "hie", h => h.Mie & InterruptCode.HypervisorMask, (h, v) => h.WriteMie((h.Mie & ~InterruptCode.HypervisorMask) | (v & InterruptCode.HypervisorMask)));
        yield return new(0x605, "htimedelta", h => h.Htimedelta, (h, v) => h.WriteHtimedelta(v));
        yield return new(0x606, "hcounteren", h => h.Hcounteren, (h, v) => h.Hcounteren = (uint)v & h.Counters.Implemented);
        yield return new(0x607, "hgeie", h => h.Hgeie, (h, v) => h.WriteHgeie(v));
        yield return new(0x60A, "henvcfg", h => h.Henvcfg, (h, v) => h.WriteHenvcfg(v), h => h.StateEnabled(StateEnableCsrs.Envcfg));
        yield return new(0x643, "htval", h => h.Htval, (h, v) => h.Htval = v);
        yield return new(0x644, "hip", h => h.Mip & InterruptCode.HypervisorMask, update: (h, set, clear) => h.UpdateHip(set, clear));
        yield return new(0x645, "hvip", h => h.Hvip, update: (h, set, clear) => h.UpdateHvip(set, clear));
        yield return new(0x64A, "htinst", h => h.Htinst, (h, v) => h.Htinst = v);
        yield return new(0x680, "hgatp", h => h.Hgatp, (h, v) => h.WriteHgatp(v), SupervisorCsrs.TranslationPermitted);
        yield return new(0xE12, "hgeip", h => h.Hgeip);
        yield return new(0x34A, "mtinst", h => h.Mtinst, (h, v) => h.Mtinst = v);
        yield return new(0x34B, "mtval2", h => h.Mtval2, (h, v) => h.Mtval2 = v);
    }
}
