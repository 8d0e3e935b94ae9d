using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoveJit.Harts.State;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Translator.Emission;

/// <summary>
/// The host's floating-point unit while a region runs: its sticky exception flags (MXCSR) accumulate RISC-V's fflags. x86 and RISC-V agree on
/// every flag, tininess after rounding included, as long as results are not NaN and conversions do not overflow; regions leave for the
/// interpreter in those cases.
/// </summary>
internal static unsafe class HostFloat
{
    private const uint Default = 0x1F80; // all exceptions masked, round to nearest even

    // stmxcsr [rsp-4]; mov eax, [rsp-4]; ret, and mov [rsp-4], edi; ldmxcsr [rsp-4]; ret. The red zone below rsp is ours (System V ABI).
    private static readonly byte[] StoreCode = [0x0F, 0xAE, 0x5C, 0x24, 0xFC, 0x8B, 0x44, 0x24, 0xFC, 0xC3];
    private static readonly byte[] LoadCode = [0x89, 0x7C, 0x24, 0xFC, 0x0F, 0xAE, 0x54, 0x24, 0xFC, 0xC3];

    private static readonly HostCode Store = new(StoreCode);
    private static readonly HostCode Load = new(LoadCode);

    // fflags for MXCSR's bits 5 to 0: PE UE OE ZE DE IE.
    private static readonly byte[] Flags = [.. Enumerable.Range(0, 64).Select(Convert)];

    /// <summary>Whether regions may use the host's unit.</summary>
    public static bool IsSupported => Sse41.X64.IsSupported;

    /// <summary>Clears the flags. Emitted at the entry of a region that computes with floating point.</summary>
    public static void Begin() => ((delegate* unmanaged[SuppressGCTransition]<uint, void>)Load.Address)(Default);

    /// <summary>Adds the flags to fflags. Emitted at the exits.</summary>
    public static void End(HartState* state)
    {
        state->Fflags |= FlagsOf(((delegate* unmanaged[SuppressGCTransition]<uint>)Store.Address)());
    }

    /// <summary>The fflags that MXCSR's sticky flags stand for.</summary>
    public static uint FlagsOf(uint mxcsr) => Flags[mxcsr & 63];

    /// <summary>Truncates; 0x80000000 and the invalid flag if the value does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TruncateToInt32(double value) => Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(value));

    /// <summary>Truncates; the least value and the invalid flag if the value does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long TruncateToInt64(double value) => Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));

    /// <summary>Rounds to nearest even; 0x80000000 and the invalid flag if the value does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RoundToInt32(double value) => Sse2.ConvertToInt32(Vector128.CreateScalarUnsafe(value));

    /// <summary>Rounds to nearest even; the least value and the invalid flag if the value does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RoundToInt64(double value) => Sse2.X64.ConvertToInt64(Vector128.CreateScalarUnsafe(value));

    private static byte Convert(int mxcsr)
    {
        FloatFlags flags = FloatFlags.None;
        flags |= (mxcsr & 0x01) != 0 ? FloatFlags.Invalid : 0;
        flags |= (mxcsr & 0x04) != 0 ? FloatFlags.DivideByZero : 0;
        flags |= (mxcsr & 0x08) != 0 ? FloatFlags.Overflow : 0;
        flags |= (mxcsr & 0x10) != 0 ? FloatFlags.Underflow : 0;
        flags |= (mxcsr & 0x20) != 0 ? FloatFlags.Inexact : 0;
        return (byte)flags;
    }
}
