using System.Formats.Cbor;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>The value of a measurement register (CoVE, TVM Initial Measurements Claim).</summary>
/// <param name="Index">The register: see <see cref="Measurements.RegisterLayout"/>.</param>
/// <param name="Value">Its value.</param>
public sealed record RegisterValue(int Index, Digest Value)
{
    private const string What = "a measurement";
    private const int IndexLabel = 1;
    private const int ValueLabel = 2;
    private const int AlgorithmLabel = 3;

    internal void Write(CborWriter writer)
    {
        writer.WriteStartMap(3);
        writer.WriteInt32(IndexLabel);
        writer.WriteInt32(Index);
        writer.WriteInt32(ValueLabel);
        writer.WriteByteString(Value.Bytes);
        writer.WriteInt32(AlgorithmLabel);
        writer.WriteTextString(Digest.AlgorithmName);
        writer.WriteEndMap();
    }

    internal static RegisterValue Read(CborReader reader)
    {
        int? index = null;
        Digest? value = null;
        string? algorithm = null;
        reader.ReadMap(What, 3, label =>
        {
            switch (label)
            {
                case IndexLabel:
                    index = (int)reader.ReadUInt32();
                    return true;
                case ValueLabel:
                    value = reader.ReadDigest(What);
                    return true;
                case AlgorithmLabel:
                    algorithm = reader.ReadText(What);
                    return true;
                default:
                    return false;
            }
        });

        return index is >= 0 and <= byte.MaxValue && value is { } digest && algorithm == Digest.AlgorithmName
            ? new RegisterValue(index.Value, digest)
            : throw AttestationException.Malformed(What, $"lacks an entry or is not hashed with {Digest.AlgorithmName}");
    }
}
