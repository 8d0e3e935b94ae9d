using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>CERTIFICATE: a part of a certificate chain.</summary>
public sealed class CertificateResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Certificate;

    /// <summary>Param1, SlotID: 0 to 7.</summary>
    public byte Slot { get; set; }

    /// <summary>CertChain: the part.</summary>
    public byte[] Portion { get; set; } = [];

    /// <summary>RemainderLength: how many bytes of the chain come after this part.</summary>
    public ushort RemainderLength { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Slot = (byte)(f.U8("Param1: SlotID", Slot) & 0xF);
        f.Check(Slot <= 7, "SlotID is at most 7");
        f.Reserved(1);
        ushort length = f.U16("PortionLength", checked((ushort)Portion.Length));
        RemainderLength = f.U16("RemainderLength", RemainderLength);
        Portion = f.Bytes("CertChain", Portion, new FieldSize(length, "PortionLength"));
    }
}
