using System.Formats.Cbor;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>The claims of the platform token, signed by the root of trust (CoVE, Platform Token).</summary>
/// <param name="PublicKey">The platform's key: it signs the TSM token.</param>
/// <param name="Manufacturer">Identifier of the manufacturer, <see cref="ManufacturerSize"/> bytes.</param>
/// <param name="State">Life-cycle state.</param>
/// <param name="Components">Firmware of the platform.</param>
public sealed record PlatformClaims(P384PublicKey PublicKey, ReadOnlyMemory<byte> Manufacturer, PlatformState State, IReadOnlyList<SoftwareComponent> Components)
{
    /// <summary>Bytes of a manufacturer's identifier.</summary>
    public const int ManufacturerSize = 64;

    /// <summary>The EAT profile: the specification's text, which has no final address yet.</summary>
    public const string Profile = "https://riscv.org/TBD";

    internal const int MaxComponents = 16;

    private const string What = "the platform token";

    internal byte[] Encode()
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteTag((CborTag)ClaimLabel.TagCwt);
        writer.WriteStartMap(5);
        writer.WriteInt32(ClaimLabel.EatProfile);
        writer.WriteTextString(Profile);
        writer.WriteInt32(ClaimLabel.PlatformPublicKey);
        writer.WriteByteString(PublicKey.ToCose());
        writer.WriteInt32(ClaimLabel.PlatformManufacturer);
        writer.WriteByteString(Manufacturer.Span);
        writer.WriteInt32(ClaimLabel.PlatformState);
        writer.WriteInt32((int)State);
        writer.WriteInt32(ClaimLabel.PlatformSoftware);
        writer.WriteStartArray(Components.Count);
        foreach (SoftwareComponent component in Components)
        {
            component.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndMap();
        return writer.Encode();
    }

    internal static PlatformClaims Decode(ReadOnlyMemory<byte> encoded) => CborDecoding.Decode(encoded, What, reader =>
    {
        string? profile = null;
        P384PublicKey? publicKey = null;
        byte[]? manufacturer = null;
        PlatformState state = 0;
        List<SoftwareComponent>? components = null;
        reader.ReadTag(What, ClaimLabel.TagCwt);
        reader.ReadMap(What, 5, label =>
        {
            switch (label)
            {
                case ClaimLabel.EatProfile:
                    profile = reader.ReadText(What);
                    return true;
                case ClaimLabel.PlatformPublicKey:
                    publicKey = P384PublicKey.FromCose(reader.ReadDefiniteLengthByteString());
                    return true;
                case ClaimLabel.PlatformManufacturer:
                    manufacturer = reader.ReadBytes(What, ManufacturerSize);
                    return true;
                case ClaimLabel.PlatformState:
                    state = (PlatformState)reader.ReadInt32();
                    return true;
                case ClaimLabel.PlatformSoftware:
                    components = reader.ReadList(What, 1, MaxComponents, SoftwareComponent.Read);
                    return true;
                default:
                    return false;
            }
        });

        if (profile != Profile || !Enum.IsDefined(state))
        {
            throw AttestationException.Malformed(What, $"has not the EAT profile {Profile}, or no known platform state");
        }

        return new PlatformClaims(
            publicKey.Require(What, "public key"), manufacturer.Require(What, "manufacturer"), state, components.Require(What, "software components"));
    });
}
