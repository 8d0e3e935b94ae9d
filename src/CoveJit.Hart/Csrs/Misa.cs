using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>The value of misa, derived from the extension set (Privileged, "Machine ISA Register").</summary>
public static class Misa
{
    private static readonly (Extension Extension, char Letter)[] Letters =
    [
        (Extension.A, 'A'), (Extension.C, 'C'), (Extension.D, 'D'), (Extension.F, 'F'), (Extension.H, 'H'),
        (Extension.I, 'I'), (Extension.M, 'M'), (Extension.S, 'S'), (Extension.S, 'U'),
    ];

    /// <summary>misa of a hart with these extensions: MXL = 2 (64 bits), one bit for each letter.</summary>
    public static ulong Of(ExtensionSet extensions)
    {
        ulong value = 2UL << 62;
        foreach ((Extension extension, char letter) in Letters)
        {
            if (extensions.Has(extension))
            {
                value |= 1UL << (letter - 'A');
            }
        }

        return value;
    }
}
