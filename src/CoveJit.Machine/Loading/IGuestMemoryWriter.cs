namespace CoveJit.Machines.Loading;

/// <summary>What a loader needs of guest RAM, and no more: its extent and a bounded write.</summary>
public interface IGuestMemoryWriter
{
    /// <summary>Physical address of the first byte of RAM.</summary>
    ulong Base { get; }

    /// <summary>Size of RAM in bytes.</summary>
    ulong Size { get; }

    /// <summary>Writes bytes at a physical address; false, with nothing written, if any byte lies outside RAM.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> data);
}
