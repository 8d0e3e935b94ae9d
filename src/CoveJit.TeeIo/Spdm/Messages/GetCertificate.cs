using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>GET_CERTIFICATE: asks for a part of a certificate chain.</summary>
public sealed class GetCertificate : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.GetCertificate;

    /// <summary>Param1, SlotID: 0 to 7.</summary>
    public byte Slot { get; set; }

    /// <summary>Offset into the chain, in bytes.</summary>
    public ushort Offset { get; set; }

    /// <summary>Length asked for, in bytes.</summary>
    public ushort Length { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Slot = (byte)(f.U8("Param1: SlotID", Slot) & 0xF);
        f.Check(Slot <= 7, "SlotID is at most 7");
        f.Reserved(1);
        Offset = f.U16("Offset", Offset);
        Length = f.U16("Length", Length);
    }
}
