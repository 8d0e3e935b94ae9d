using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>An algorithm structure of NEGOTIATE_ALGORITHMS and ALGORITHMS.</summary>
/// <param name="Type">AlgType.</param>
/// <param name="Bits">AlgSupported: one bit for each algorithm.</param>
/// <param name="ExtendedCount">How many extended algorithms follow; this library knows none of them.</param>
public readonly record struct AlgorithmStructure(AlgorithmType Type, ushort Bits, int ExtendedCount = 0)
{
    // Two bytes of AlgSupported: the only size that SPDM 1.2 has.
    private const int FixedBytes = 2;

    internal static AlgorithmStructure Visit(FieldVisitor f, AlgorithmStructure value)
    {
        AlgorithmType type = (AlgorithmType)f.U8("AlgType", (byte)value.Type);
        f.Check(f is MessageDescriber || type is >= AlgorithmType.Dhe and <= AlgorithmType.KeySchedule, "AlgType is 2 to 5");
        byte count = f.U8("AlgCount", (byte)((FixedBytes << 4) | value.ExtendedCount));
        f.Check(count >> 4 == FixedBytes, "AlgCount has 2 in bits 7:4");
        ushort bits = f.U16("AlgSupported", value.Bits);
        int extended = count & 0xF;
        f.Bytes("AlgExternal", new byte[value.ExtendedCount * 4], new FieldSize(extended * 4, "4 x AlgCount[3:0]"));
        return new AlgorithmStructure(type, bits, extended);
    }

    internal static bool InOrder(IReadOnlyList<AlgorithmStructure> structures)
    {
        for (int i = 1; i < structures.Count; i++)
        {
            if (structures[i].Type <= structures[i - 1].Type)
            {
                return false;
            }
        }

        return true;
    }
}
