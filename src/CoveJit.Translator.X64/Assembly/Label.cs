namespace CoveJit.Translator.X64.Assembly;

/// <summary>A place in code, perhaps not known yet.</summary>
internal sealed class Label
{
    /// <summary>The address, or 0 while unknown.</summary>
    public nint Target { get; set; }

    /// <summary>Displacement fields that wait for the address.</summary>
    public List<nint> References { get; } = [];
}
