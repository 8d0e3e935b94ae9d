using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>What the fast paths ask of the host's FPU, which always runs in its default environment: nearest-even, subnormals kept.</summary>
internal static class HostRounding
{
    /// <summary>Whether the host multiplies and adds with one rounding in hardware. Elsewhere the soft path is as fast, and surely right.</summary>
    public static bool HasFusedMultiplyAdd => Fma.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>Rounds to an integral value; a zero keeps the sign.</summary>
    /// <returns>The integral value, or NaN for the one mode hosts lack (RMM): it fails every range check that follows.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ToIntegral(double value, RoundingMode mode) => mode switch
    {
        RoundingMode.Rtz => Math.Truncate(value),
        RoundingMode.Rne => Math.Round(value),
        RoundingMode.Rdn => Math.Floor(value),
        RoundingMode.Rup => Math.Ceiling(value),
        _ => double.NaN,
    };
}
