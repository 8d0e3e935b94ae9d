using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>What IDE_KM's messages about a key have in common.</summary>
public abstract class IdeKmKeyMessage : IdeKmMessage
{
    /// <summary>Which key: StreamID, and key set, direction and sub-stream.</summary>
    public IdeKeyId Key { get; set; }

    /// <summary>PortIndex.</summary>
    public byte PortIndex { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(2);
        byte stream = f.U8("StreamID", Key.StreamId);
        VisitStatus(f);
        byte key = f.U8("Key/SubStream", Key.KeySubStream);
        f.Check(key >> 4 <= (byte)IdeSubStream.Completion, "the sub-stream is 0, 1 or 2");
        Key = IdeKeyId.From(stream, key);
        PortIndex = f.U8("PortIndex", PortIndex);
    }

    private protected virtual void VisitStatus(FieldVisitor f) => f.Reserved(1);
}
