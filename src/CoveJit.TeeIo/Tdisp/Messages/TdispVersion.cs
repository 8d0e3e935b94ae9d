using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>TDISP_VERSION: the versions that the device supports.</summary>
public sealed class TdispVersion : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.Version;

    /// <summary>VERSION_NUM_ENTRY: major in bits 7:4, minor in 3:0.</summary>
    public byte[] Versions { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        byte count = f.U8("VERSION_NUM_COUNT", checked((byte)Versions.Length));
        Versions = f.Bytes("VERSION_NUM_ENTRY", Versions, new FieldSize(count, "VERSION_NUM_COUNT"));
    }
}
