namespace CoveJit.Isa;

/// <summary>Turns instruction bits into <see cref="DecodedInstruction"/>s. The tables are generated from the declarations.</summary>
public static partial class Decoder
{
    /// <summary>
    /// Decodes one instruction. Whatever the bits, this returns: unknown, reserved and not-enabled encodings give <see cref="Op.Illegal"/> with
    /// <see cref="DecodedInstruction.Raw"/> and <see cref="DecodedInstruction.Length"/> set. HINTs decode to the operation they are spelled with.
    /// </summary>
    /// <param name="raw">The bits; where the two lowest are not 11 only the low halfword counts.</param>
    /// <param name="enabled">The extensions whose encodings are legal.</param>
    public static DecodedInstruction Decode(uint raw, ExtensionSet enabled)
    {
        DecodedInstruction instruction = default;
        if ((raw & 3) == 3)
        {
            instruction.Raw = raw;
            instruction.Length = 4;
            Decode32(raw, enabled.Bits, ref instruction);
        }
        else
        {
            raw = (ushort)raw;
            instruction.Raw = raw;
            instruction.Length = 2;
            Decode16(raw, enabled.Bits, ref instruction);
        }

        return instruction;
    }
}
