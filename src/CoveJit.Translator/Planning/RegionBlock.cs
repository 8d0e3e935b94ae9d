using CoveJit.Isa;
using CoveJit.Translator.Emission;

namespace CoveJit.Translator.Planning;

/// <summary>One block of a region: a copy of the decoded instructions that will be translated.</summary>
internal sealed class RegionBlock
{
    /// <summary>Start, in bytes from the first byte of the region's home page, in the virtual address space.</summary>
    public required int Offset { get; init; }

    /// <summary>Address of the decoded block in the code cache.</summary>
    public required nint Native { get; init; }

    /// <summary>How often the block had been come to.</summary>
    public required long Heat { get; init; }

    /// <summary>The instructions that are translated: all, or those before the first that has no translation.</summary>
    public required DecodedInstruction[] Instructions { get; init; }

    /// <summary>Offset of each instruction, and behind them of what follows.</summary>
    public required int[] Offsets { get; init; }

    /// <summary>Whether the block goes on with an instruction that has no translation.</summary>
    public required bool Truncated { get; init; }

    /// <summary>Whether some edge leads back to the block: code there looks whether the hart is wanted elsewhere.</summary>
    public bool IsLoopHead { get; set; }

    /// <summary>Whether the block follows a call inside the region: returns are compared with it.</summary>
    public bool FollowsCall { get; set; }

    /// <summary>Whether the block computes with floating point on the host's unit.</summary>
    public bool ComputesFloat => Array.Exists(Instructions, instruction => FloatOperation.Of(instruction) is not null);

    /// <summary>Offset of what follows the last instruction.</summary>
    public int End => Offsets[^1];

    /// <summary>The last instruction if it transfers control; otherwise <see cref="Op.BlockEnd"/>.</summary>
    public DecodedInstruction Terminator => Instructions.Length > 0 && !Truncated && OpInfo.Kind(Instructions[^1].Op) is OpKind.Branch or OpKind.Jump
        ? Instructions[^1]
        : new DecodedInstruction { Op = Op.BlockEnd };

    /// <summary>Whether the block ends with a jump to an address in a register.</summary>
    public bool EndsIndirectly => Terminator.Op == Op.Jalr;

    /// <summary>Whether the block ends with a direct call.</summary>
    public bool EndsWithCall => Terminator.Op == Op.Jal && Terminator.Rd != Harts.State.HartState.Sink;

    /// <summary>Offset of the target of the branch or direct jump at the end.</summary>
    public int Target => Offset + Terminator.Imm;

    /// <summary>Offsets of the blocks that control may go to directly, the one behind a call not among them.</summary>
    public IEnumerable<int> Successors()
    {
        if (Truncated)
        {
            yield break;
        }

        DecodedInstruction last = Terminator;
        if (last.Op == Op.BlockEnd)
        {
            yield return End;
            yield break;
        }

        if (last.Op == Op.Jalr)
        {
            yield break;
        }

        yield return Target;
        if (OpInfo.Kind(last.Op) == OpKind.Branch)
        {
            yield return End;
        }
    }
}
