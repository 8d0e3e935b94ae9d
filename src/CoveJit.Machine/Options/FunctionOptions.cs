namespace CoveJit.Machines.Options;

/// <summary>What can be said of a PCIe function whatever device it is.</summary>
public sealed record FunctionOptions
{
    /// <summary>Nothing said: there from the start, for good, and no TEE device interface.</summary>
    public static FunctionOptions Plain { get; } = new();

    /// <summary>As what it is a TEE device interface; null if it is none.</summary>
    public TeeIdentity? Tee { get; init; }

    /// <summary>When it is plugged into its slot, from the machine's start; null if it is there then.</summary>
    public TimeSpan? Arrival { get; init; }

    /// <summary>When it is pulled out of its slot without a word, from the machine's start; null if it stays.</summary>
    public TimeSpan? Removal { get; init; }
}
