using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>fflags, frm and fcsr (Unprivileged, "Floating-Point Control and Status Register"); ssp (Zicfiss).</summary>
internal static unsafe class UnprivilegedCsrs
{
    public static IEnumerable<Csr> Declare(HartConfiguration configuration) =>
    [
        .. configuration.Extensions.Has(Extension.F) ? FloatControl() : [],
        .. configuration.Extensions.Has(Extension.Zicfiss) ? ShadowStack() : [],
    ];

    private static Csr[] FloatControl() =>
    [
        new(0x001, "fflags", h => h.State->Fflags, (h, v) => h.WriteFloatControl((uint)v & 0x1F, h.State->Frm), FloatOn),
        new(0x002, "frm", h => h.State->Frm, (h, v) => h.WriteFloatControl(h.State->Fflags, (uint)v & 7), FloatOn),
        new(0x003, "fcsr", h => (h.State->Frm << 5) | h.State->Fflags, (h, v) => h.WriteFloatControl((uint)v & 0x1F, (uint)(v >> 5) & 7), FloatOn),
    ];

    private static Csr[] ShadowStack() =>
    [
        new(0x011, "ssp", h => h.Ssp, (h, v) => h.Ssp = v & ~7UL, Hart.ShadowStackPermitted, Hart.ShadowStackPermittedInGuest),
    ];

    private static bool FloatOn(Hart hart) => hart.State->FloatOff == 0;
}
