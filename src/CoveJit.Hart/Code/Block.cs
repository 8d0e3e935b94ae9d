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
    /// <summary>
    /// A block ends where its code reaches a multiple of this many bytes: an end that does not depend on where the block starts, so that the
    /// points between blocks are the same whichever way execution came (see --icount).
    /// </summary>
    public const int ChunkSize = 256;

    /// <summary>Number of guest instructions.</summary>
    public ushort Count;

    /// <summary>Bytes of guest code.</summary>
    public ushort ByteLength;

    /// <summary>Times the interpreter has come to the block.</summary>
    public uint Heat;

    /// <summary>
    /// Translated code that starts with this block, or 0: a managed function pointer from <c>HartState*, Block*</c> (this block) to
    /// <see cref="Execution.TranslatedExit"/>. Set and cleared under the code cache's lock, read by anybody.
    /// </summary>
    public nint Entry;

    /// <summary>Where native code that comes to this block goes on: its own native code, or what <see cref="CodeCache.NativeMiss"/> names.</summary>
    public nint Native;

    /// <summary>
    /// How often native code of the block has run, counted from minus <see cref="CodeCache.RegionThreshold"/>; native code leaves when it becomes 0.
    /// Code made later does not count any more.
    /// </summary>
    public int NativeRuns;

    /// <summary>
    /// What a region that starts here has earned: translated code adds the instructions of each stay in it and takes off what coming and going costs.
    /// Below 0, the region is not worth being entered.
    /// </summary>
    public int Credit;

    /// <summary>The first instruction of the block.</summary>
    public static DecodedInstruction* Instructions(Block* block) => (DecodedInstruction*)(block + 1);
}
