using System.Globalization;

namespace CoveJit.Cli.Comparison;

/// <summary>FNV-1a with 64 bits, by numbers rather than bytes: as <c>guest/io/measure.h</c> has it.</summary>
internal struct Fnv()
{
    private ulong _digest = 0xCBF2_9CE4_8422_2325;

    /// <summary>Takes a number in.</summary>
    public void Add(ulong number) => _digest = unchecked((_digest ^ number) * 0x100_0000_01B3);

    /// <summary>The digest, as the guest prints it.</summary>
    public override readonly string ToString() => _digest.ToString("x16", CultureInfo.InvariantCulture);
}
