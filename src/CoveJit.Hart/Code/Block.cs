using System.Runtime.InteropServices;
using CoveJit.Isa;

namespace CoveJit.Harts.Code;

/// <summary>
/// A decoded block in the code cache's native memory: straight-line instructions of one physical page, ended by a control transfer, by an
/// instruction that may change what execution depends on, or by <see cref="Op.BlockEnd"/>.
/// pc-relative immediates are relative to the block's start; destination x0 is <see cref="State.HartState.Sink"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Block
{
    /// <summary>Instructions at most in a block, the ending one included.</summary>
    public const int MaximumInstructions = 64;

    /// <summary>Number of guest instructions.</summary>
    public ushort Count;

    /// <summary>Bytes of guest code.</summary>
    public ushort ByteLength;

    /// <summary>Times entered, for the translator's tiering.</summary>
    public uint Heat;

    /// <summary>Reserved for the translator's entry point.</summary>
    public nint Entry;

    /// <summary>The first instruction of the block.</summary>
    public static DecodedInstruction* Instructions(Block* block) => (DecodedInstruction*)(block + 1);
}
