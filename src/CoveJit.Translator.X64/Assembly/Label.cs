namespace CoveJit.Translator.X64.Assembly;

/// <summary>A place in code, perhaps not known yet.</summary>
internal sealed class Label
{
    /// <summary>The address, or 0 while unknown.</summary>
    public nint Target { get; set; }

    /// <summary>The displacement that was last to wait for the address, or 0. It leads to the one before it: see <see cref="Assembler.Mark"/>.</summary>
    public nint LastReference { get; set; }
}
