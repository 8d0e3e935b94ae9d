using CoveJit.Harts;
using CoveJit.Isa;

namespace CoveJit.Translator.Tests.Support;

/// <summary>A tier under test, attached to a machine.</summary>
internal abstract class TestTier : IDisposable
{
    /// <summary>How often the tier has translated something.</summary>
    public abstract int Translations { get; }

    /// <summary>Whether the tier's code of what is at an address has an operation.</summary>
    public abstract bool Translates(Hart hart, ulong pc, Op op);

    public abstract void Dispose();
}
