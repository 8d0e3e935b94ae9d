using CoveJit.Harts.State;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>
/// Where native code keeps the guest's state: the integer registers that compilers use most in host registers, all else in memory, reached with
/// short displacements from rbp, which points <see cref="Bias"/> bytes into <see cref="HartState"/>. r14 is the data TLB bank, r15 the budget; rax, rcx and rdx are scratch.
/// </summary>
internal static class PinnedRegisters
{
    /// <summary>What rbp is ahead of the state: then a signed byte reaches all integer registers.</summary>
    public const int Bias = 128;

    /// <summary>The data TLB bank.</summary>
    public const Register Bank = Register.R14;

    /// <summary><see cref="HartState.Remaining"/>: in memory, it would make each block wait for the one before it.</summary>
    public const Register Remaining = Register.R15;

    /// <summary>Guest register numbers with the host registers that hold them: a0 to a5, sp, s0, s1.</summary>
    public static readonly (int Guest, Register Host)[] All =
    [
        (10, Register.Rdi),
        (11, Register.Rsi),
        (12, Register.R8),
        (13, Register.R9),
        (14, Register.R10),
        (15, Register.R11),
        (2, Register.Rbx),
        (8, Register.R12),
        (9, Register.R13),
    ];

    private static readonly Register?[] ByGuest = [.. Enumerable.Range(0, 32).Select(guest =>
        All.Where(pair => pair.Guest == guest).Select(pair => (Register?)pair.Host).FirstOrDefault())];

    /// <summary>The host register of a guest register, if it has one.</summary>
    public static Register? Of(int guest) => ByGuest[guest];

    /// <summary>A field of the state.</summary>
    public static Mem Field(int offset) => new(Register.Rbp, offset - Bias);

    /// <summary>Where an integer register is as an operand.</summary>
    public static Operand X(int guest) => guest == 0 ? Operand.Of(0)
        : ByGuest[guest] is Register host ? Operand.In(host)
        : Operand.At(Field(StateLayout.X(guest)));

    /// <summary>A floating-point register.</summary>
    public static Mem F(int guest) => Field(StateLayout.F(guest));
}
