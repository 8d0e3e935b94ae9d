namespace CoveJit.Isa;

/// <summary>An immutable set of <see cref="Extension"/>s: what a hart implements, and what the decoder accepts.</summary>
/// <param name="Bits">Bit n stands for the extension with number n.</param>
public readonly record struct ExtensionSet(ulong Bits)
{
    /// <summary>Makes a set of the named extensions.</summary>
    public static ExtensionSet Of(params ReadOnlySpan<Extension> extensions)
    {
        ulong bits = 0;
        foreach (Extension extension in extensions)
        {
            bits |= 1UL << (int)extension;
        }

        return new ExtensionSet(bits);
    }

    /// <summary>Everything this build of CoveJit implements.</summary>
    public static ExtensionSet All { get; } = new(~1UL);

    /// <summary>Whether <paramref name="extension"/> is in the set.</summary>
    public bool Has(Extension extension) => ((Bits >> (int)extension) & 1) != 0;

    /// <summary>The set with <paramref name="extension"/> added.</summary>
    public ExtensionSet With(Extension extension) => new(Bits | (1UL << (int)extension));

    /// <summary>The set with <paramref name="extension"/> removed.</summary>
    public ExtensionSet Without(Extension extension) => new(Bits & ~(1UL << (int)extension));
}
