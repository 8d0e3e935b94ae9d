namespace CoveJit.Isa;

/// <summary>Placeholder until the generator emits it.</summary>
public enum Op : ushort
{
    /// <summary>Unknown or reserved encoding.</summary>
    Illegal,
}
