using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoveJit.Harts.State;
using CoveJit.Isa.FloatingPoint;
using CoveJit.Memory.Physical;

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

    private static readonly NativeMemoryBlock Code = Place([.. StoreCode, .. LoadCode]);
    private static readonly nint Store = (nint)Code.Pointer;
    private static readonly nint Load = Store + StoreCode.Length;

    // fflags for MXCSR's bits 5 to 0: PE UE OE ZE DE IE.
    private static readonly byte[] Flags = [.. Enumerable.Range(0, 64).Select(Convert)];

    /// <summary>The sticky flags of MXCSR.</summary>
    public const uint MxcsrFlags = 63;

    /// <summary>Whether regions may use the host's unit.</summary>
    public static bool IsSupported => Sse41.X64.IsSupported;

    /// <summary>
    /// Emits the clearing of the flags, at the entry of a region that computes with floating point. The host's code is called directly: a managed
    /// method in between would be compiled, or counted, when it is first called, and the runtime's own arithmetic raises flags.
    /// </summary>
    public static void EmitBegin(ILGenerator il)
    {
        il.Emit(OpCodes.Ldc_I4, (int)Default);
        EmitCall(il, Load, typeof(void), [typeof(uint)]);
    }

    /// <summary>Emits the addition of the flags to fflags, at the exits: likewise directly up to where the flags have been read.</summary>
    public static void EmitEnd(ILGenerator il)
    {
        il.Emit(OpCodes.Ldarg_0);
        EmitCall(il, Store, typeof(uint), []);
        il.Emit(OpCodes.Call, typeof(HostFloat).GetMethod(nameof(Accrue))!);
    }

    /// <summary>Adds the flags of MXCSR to fflags.</summary>
    public static void Accrue(HartState* state, uint mxcsr) => state->Fflags |= FlagsOf(mxcsr);

    /// <summary>The fflags that MXCSR's sticky flags stand for.</summary>
    public static uint FlagsOf(uint mxcsr) => Flags[mxcsr & MxcsrFlags];

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

    // These few instructions keep to the managed calling convention, and no garbage collection can come upon them.
    private static void EmitCall(ILGenerator il, nint code, Type result, Type[] parameters)
    {
        il.Emit(OpCodes.Ldc_I8, (long)code);
        il.Emit(OpCodes.Conv_U);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, result, parameters, null);
    }

    private static NativeMemoryBlock Place(ReadOnlySpan<byte> code)
    {
        NativeMemoryBlock memory = new((ulong)code.Length);
        code.CopyTo(new Span<byte>(memory.Pointer, code.Length));
        memory.MakeExecutable(0, memory.Size);
        return memory;
    }

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
