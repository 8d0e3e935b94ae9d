using System.Formats.Cbor;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>The claims of the TSM token, signed by the platform (CoVE, TSM Token).</summary>
/// <param name="PublicKey">The TSM's key: it signs the TVM token and the certificate.</param>
/// <param name="SealingKey">The key that secrets for local attestation are encrypted to. Not in the specification.</param>
/// <param name="Driver">The TSM driver.</param>
/// <param name="Tsm">The TSM.</param>
public sealed record TsmClaims(P384PublicKey PublicKey, P384PublicKey SealingKey, SoftwareComponent Driver, SoftwareComponent Tsm)
{
    private const string What = "the TSM token";

    internal byte[] Encode()
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteTag((CborTag)ClaimLabel.TagCwt);
        writer.WriteStartMap(3);
        writer.WriteInt32(ClaimLabel.TsmPublicKey);
        writer.WriteByteString(PublicKey.ToCose());
        writer.WriteInt32(ClaimLabel.TsmSoftware);
        writer.WriteStartArray(2);
        Driver.Write(writer);
        Tsm.Write(writer);
        writer.WriteEndArray();
        writer.WriteInt32(ClaimLabel.TsmSealingKey);
        writer.WriteByteString(SealingKey.ToCose());
        writer.WriteEndMap();
        return writer.Encode();
    }

    internal static TsmClaims Decode(ReadOnlyMemory<byte> encoded) => CborDecoding.Decode(encoded, What, reader =>
    {
        P384PublicKey? publicKey = null;
        P384PublicKey? sealingKey = null;
        List<SoftwareComponent>? components = null;
        reader.ReadTag(What, ClaimLabel.TagCwt);
        reader.ReadMap(What, 3, label =>
        {
            switch (label)
            {
                case ClaimLabel.TsmPublicKey:
                    publicKey = P384PublicKey.FromCose(reader.ReadDefiniteLengthByteString());
                    return true;
                case ClaimLabel.TsmSealingKey:
                    sealingKey = P384PublicKey.FromCose(reader.ReadDefiniteLengthByteString());
                    return true;
                case ClaimLabel.TsmSoftware:
                    components = reader.ReadList(What, 2, 2, SoftwareComponent.Read);
                    return true;
                default:
                    return false;
            }
        });

        components = components.Require(What, "software components");
        return new TsmClaims(publicKey.Require(What, "public key"), sealingKey.Require(What, "sealing key"), components[0], components[1]);
    });
}
