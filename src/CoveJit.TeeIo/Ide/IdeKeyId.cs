namespace CoveJit.TeeIo.Ide;

/// <summary>Which of a port's keys is meant.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="KeySet">The key set, 0 or 1: a stream changes from one to the other when its keys are refreshed.</param>
/// <param name="Direction">The direction.</param>
/// <param name="SubStream">The sub-stream.</param>
public readonly record struct IdeKeyId(byte StreamId, byte KeySet, IdeDirection Direction, IdeSubStream SubStream)
{
    /// <summary>The keys of a stream's key set in one direction.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="keySet">The key set.</param>
    /// <param name="direction">The direction.</param>
    public static IEnumerable<IdeKeyId> Of(byte streamId, byte keySet, IdeDirection direction) =>
        Enum.GetValues<IdeSubStream>().Select(s => new IdeKeyId(streamId, keySet, direction, s));

    /// <summary>Bits 0 key set, 1 direction, 7:4 sub-stream, as IDE_KM has them.</summary>
    internal byte KeySubStream => (byte)(KeySet | ((byte)Direction << 1) | ((byte)SubStream << 4));

    /// <summary>Takes apart what IDE_KM has.</summary>
    internal static IdeKeyId From(byte streamId, byte keySubStream) =>
        new(streamId, (byte)(keySubStream & 1), (IdeDirection)((keySubStream >> 1) & 1), (IdeSubStream)(keySubStream >> 4));
}
