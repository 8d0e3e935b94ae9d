namespace CoveJit.Cli.Comparison.Peer;

/// <summary>What answers on one connection.</summary>
internal interface IByteService
{
    /// <summary>Takes the next bytes that came.</summary>
    /// <returns>False where they make no sense: the connection is then reset.</returns>
    bool TryReceive(ReadOnlySpan<byte> bytes);

    /// <summary>Puts out the next bytes of what there is to say.</summary>
    /// <returns>How many; 0 if there is nothing to say now.</returns>
    int Send(Span<byte> destination);
}
