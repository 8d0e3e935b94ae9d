using System.Runtime.CompilerServices;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>NaN-boxing of narrower values in 64-bit floating-point registers (Unprivileged, "NaN Boxing of Narrower Values").</summary>
public static class NanBox
{
    private const uint CanonicalSingle = 0x7FC00000;
    private const ushort CanonicalHalf = 0x7E00;

    /// <summary>The single in a register; the canonical NaN if it is not boxed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Single(ulong register) => register >= 0xFFFFFFFF_00000000 ? (uint)register : CanonicalSingle;

    /// <summary>The half in a register; the canonical NaN if it is not boxed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Half(ulong register) => register >= 0xFFFFFFFF_FFFF0000 ? (ushort)register : CanonicalHalf;

    /// <summary>Boxes a single.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Box(uint value) => 0xFFFFFFFF_00000000 | value;

    /// <summary>Boxes a half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Box(ushort value) => 0xFFFFFFFF_FFFF0000 | value;
}
