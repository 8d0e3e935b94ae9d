using System.Formats.Cbor;
using System.Globalization;
using System.Text.Json.Serialization;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>A component of the platform's or the TSM's trusted computing base (CoVE, Platform Software Components Claim).</summary>
/// <param name="Type">What it is, in words, for example <c>tsm</c>.</param>
/// <param name="Measurement">Hash of the component as it was loaded.</param>
/// <param name="Svn">Its security version number; decimal, so that minimums can be compared.</param>
/// <param name="Signer">Hash of the public key of whoever signed it.</param>
/// <param name="Manifest">Hash of the manifest it was loaded with, if any.</param>
public sealed record SoftwareComponent(string Type, Digest Measurement, string Svn, Digest Signer, Digest? Manifest = null)
{
    private const string What = "a software component";
    private const int TypeLabel = 1;
    private const int MeasurementLabel = 2;
    private const int SvnLabel = 3;
    private const int ManifestLabel = 4;
    private const int SignerLabel = 5;
    private const int AlgorithmLabel = 6;

    /// <summary>The security version as a number; null if it is none, which no minimum accepts.</summary>
    [JsonIgnore]
    public ulong? SecurityVersion => ulong.TryParse(Svn, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;

    internal void Write(CborWriter writer)
    {
        writer.WriteStartMap(Manifest is null ? 5 : 6);
        writer.WriteInt32(TypeLabel);
        writer.WriteTextString(Type);
        writer.WriteInt32(MeasurementLabel);
        writer.WriteByteString(Measurement.Bytes);
        writer.WriteInt32(SvnLabel);
        writer.WriteTextString(Svn);
        if (Manifest is { } manifest)
        {
            writer.WriteInt32(ManifestLabel);
            writer.WriteByteString(manifest.Bytes);
        }

        writer.WriteInt32(SignerLabel);
        writer.WriteByteString(Signer.Bytes);
        writer.WriteInt32(AlgorithmLabel);
        writer.WriteTextString(Digest.AlgorithmName);
        writer.WriteEndMap();
    }

    internal static SoftwareComponent Read(CborReader reader)
    {
        string? type = null;
        string? svn = null;
        string? algorithm = null;
        Digest? measurement = null;
        Digest? manifest = null;
        Digest? signer = null;
        reader.ReadMap(What, 6, label =>
        {
            switch (label)
            {
                case TypeLabel:
                    type = reader.ReadText(What);
                    return true;
                case MeasurementLabel:
                    measurement = reader.ReadDigest(What);
                    return true;
                case SvnLabel:
                    svn = reader.ReadText(What);
                    return true;
                case ManifestLabel:
                    manifest = reader.ReadDigest(What);
                    return true;
                case SignerLabel:
                    signer = reader.ReadDigest(What);
                    return true;
                case AlgorithmLabel:
                    algorithm = reader.ReadText(What);
                    return true;
                default:
                    return false;
            }
        });

        return type is not null && svn is not null && measurement is { } hash && signer is { } key && algorithm == Digest.AlgorithmName
            ? new SoftwareComponent(type, hash, svn, key, manifest)
            : throw AttestationException.Malformed(What, $"lacks an entry or is not hashed with {Digest.AlgorithmName}");
    }
}
