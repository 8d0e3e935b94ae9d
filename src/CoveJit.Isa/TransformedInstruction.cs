namespace CoveJit.Isa;

/// <summary>What htinst and mtinst say of a load, store or atomic instruction that trapped (Privileged, "Transformed Instruction or Pseudoinstruction for mtinst or htinst").</summary>
public static class TransformedInstruction
{
    private const int Rd = 7;
    private const int AddressOffset = 15; // in the place of rs1
    private const int Rs2 = 20;
    private const uint RegisterMask = 31;
    private const uint Uncompressed = 2; // bit 1 of the encoding

    /// <summary>The transformed instruction; 0 for one that has no transformation.</summary>
    /// <param name="instruction">The instruction that trapped.</param>
    /// <param name="offset">By how many bytes the faulting address is above the instruction's own: not 0 only for a misaligned access.</param>
    public static uint Of(in DecodedInstruction instruction, uint offset)
    {
        uint where = (offset & RegisterMask) << AddressOffset;
        return OpInfo.Kind(instruction.Op) switch
        {
            // Compressed ones as what they expand to, marked by bit 1; the immediate becomes 0.
            OpKind.Load => WithLength(OpInfo.Match(instruction.Op) | ((uint)instruction.Rd << Rd) | where, instruction.Length),
            OpKind.Store => WithLength(OpInfo.Match(instruction.Op) | ((uint)instruction.Rs2 << Rs2) | where, instruction.Length),
            OpKind.Amo or OpKind.System => (instruction.Raw & ~(RegisterMask << AddressOffset)) | where,
            _ => 0,
        };
    }

    private static uint WithLength(uint encoding, byte length) => length == 2 ? encoding & ~Uncompressed : encoding;
}
