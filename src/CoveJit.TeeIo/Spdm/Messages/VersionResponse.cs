using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>VERSION: the versions that the responder supports.</summary>
public sealed class VersionResponse : SpdmMessage
{
    /// <summary>Makes one; it is always sent as SPDM 1.0.</summary>
    public VersionResponse() => Version = Version10;

    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Version;

    /// <summary>VersionNumberEntry: bits 15:12 major, 11:8 minor, 7:4 update, 3:0 alpha. SPDM 1.2 is 0x1200.</summary>
    public IReadOnlyList<ushort> Entries { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(3);
        byte count = f.U8("VersionNumberEntryCount", checked((byte)Entries.Count));
        f.Check(count >= 1, "there is a version");
        Entries = f.List("entry", Entries, new FieldSize(count, "VersionNumberEntryCount"), static (f, entry) => f.U16("VersionNumberEntry", entry));
    }
}
