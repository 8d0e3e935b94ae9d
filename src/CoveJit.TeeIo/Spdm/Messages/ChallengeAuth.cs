using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>CHALLENGE_AUTH: the proof.</summary>
public sealed class ChallengeAuth : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.ChallengeAuth;

    /// <summary>Param1, bits 3:0: SlotID; 0xF stands for 0xFF.</summary>
    public byte Slot { get; set; }

    /// <summary>Param2, SlotMask.</summary>
    public byte SlotMask { get; set; }

    /// <summary>CertChainHash: the digest of the certificate chain.</summary>
    public byte[] CertificateChainHash { get; set; } = [];

    /// <summary>Nonce, 32 bytes.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <summary>MeasurementSummaryHash, if it was asked for.</summary>
    public byte[] SummaryHash { get; set; } = [];

    /// <summary>OpaqueData.</summary>
    public byte[] OpaqueData { get; set; } = [];

    /// <summary>Signature over M1.</summary>
    public byte[] Signature { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Slot = (byte)(f.U8("Param1: SlotID", Slot) & 0xF);
        SlotMask = f.U8("Param2: SlotMask", SlotMask);
        CertificateChainHash = f.Bytes("CertChainHash", CertificateChainHash, f.HashSize);
        Nonce = f.Bytes("Nonce", Nonce, SpdmLimits.NonceSize);
        f.When(f.Context.SummaryRequested, "summary asked for", () => SummaryHash = f.Bytes("MeasurementSummaryHash", SummaryHash, f.HashSize));
        OpaqueData = f.Counted16("OpaqueData", OpaqueData, SpdmLimits.OpaqueDataSize);
        Signature = f.Bytes("Signature", Signature, f.SignatureSize);
    }
}
