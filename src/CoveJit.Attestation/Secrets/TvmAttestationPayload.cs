using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Secrets;

/// <summary>
/// The TVM attestation payload (TAP) of local attestation: a secret in a TVM's image that the TSM gives out to exactly the TVM it
/// was made for (CoVE, <c>sbi_covg_retrieve_secret</c>). The specification leaves the format open; docs/attestation.md defines this one:
/// 8 bytes "CoveTAP1", the length of what follows as 32 bits little-endian, 4 zero bytes, then a COSE_Sign1 (ES384, kid = the signer's
/// identifier) over the map {1: 1, 2: [+ measurement], 3: secret envelope}.
/// </summary>
public static class TvmAttestationPayload
{
    /// <summary>Most bytes of a payload, header included.</summary>
    public const int MaxSize = 16 * 1024;

    /// <summary>Bytes before the signed part.</summary>
    public const int HeaderSize = 16;

    private const string What = "the TVM attestation payload";
    private const int VersionLabel = 1;
    private const int MeasurementsLabel = 2;
    private const int EnvelopeLabel = 3;
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "CoveTAP1"u8;

    /// <summary>Makes a payload.</summary>
    /// <param name="owner">The TVM owner's signing key: the TSM has to be configured to accept it.</param>
    /// <param name="sealingKey">The TSM's sealing key, from a verified TSM token.</param>
    /// <param name="measurements">What the TVM has to measure: <see cref="RegisterLayout.TvmPages"/> and <see cref="RegisterLayout.TvmConfiguration"/> at least.</param>
    /// <param name="secret">The secret.</param>
    public static byte[] Create(ECDsa owner, P384PublicKey sealingKey, IReadOnlyList<RegisterValue> measurements, ReadOnlySpan<byte> secret)
    {
        if (!Suffices(measurements))
        {
            throw new ArgumentException("Pages and configuration of the TVM have to be among the measurements.", nameof(measurements));
        }

        byte[] conditions = EncodeMeasurements(measurements);
        CborWriter writer = CborDecoding.Writer();
        writer.WriteStartMap(3);
        writer.WriteInt32(VersionLabel);
        writer.WriteInt32(Version);
        writer.WriteInt32(MeasurementsLabel);
        writer.WriteEncodedValue(conditions);
        writer.WriteInt32(EnvelopeLabel);
        writer.WriteByteString(SecretEnvelope.Seal(sealingKey, SecretEnvelope.LocalPurpose, conditions, secret));
        writer.WriteEndMap();
        ReadOnlySpan<byte> token = SignedToken.Sign(owner, writer.Encode(), P384PublicKey.FromKey(owner).KeyId).Encoded.Span;

        byte[] payload = new byte[HeaderSize + token.Length];
        Magic.CopyTo(payload);
        BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(Magic.Length), (uint)token.Length);
        token.CopyTo(payload.AsSpan(HeaderSize));
        return payload;
    }

    /// <summary>Reads a payload's length from its header, so that a TSM knows how much to copy from the image.</summary>
    /// <param name="header">At least <see cref="HeaderSize"/> bytes, hostile.</param>
    /// <param name="length">Bytes of the payload, header included.</param>
    /// <returns>False if this is no payload, or one that is too long.</returns>
    public static bool TryReadLength(ReadOnlySpan<byte> header, out int length)
    {
        length = 0;
        if (header.Length < HeaderSize || !header.StartsWith(Magic))
        {
            return false;
        }

        uint signed = BinaryPrimitives.ReadUInt32LittleEndian(header[Magic.Length..]);
        uint reserved = BinaryPrimitives.ReadUInt32LittleEndian(header[(Magic.Length + sizeof(uint))..]);
        length = reserved == 0 && signed is > 0 and <= MaxSize - HeaderSize ? HeaderSize + (int)signed : 0;
        return length != 0;
    }

    /// <summary>Opens a payload if all its conditions are met.</summary>
    internal static TapResult Open(
        ReadOnlyMemory<byte> payload, MeasurementRegisters registers, PlatformState state, IReadOnlyList<P384PublicKey> authorisedKeys, ECDiffieHellman sealingKey)
    {
        try
        {
            if (!TryReadLength(payload.Span, out int length) || length > payload.Length)
            {
                return Refuse(TapOutcome.Malformed, "there is no payload");
            }

            SignedToken token = SignedToken.Decode(payload[HeaderSize..length], What);
            P384PublicKey? signer = authorisedKeys.FirstOrDefault(key => key.KeyId == token.KeyId);
            if (signer is null || !token.IsSignedBy(signer))
            {
                return Refuse(TapOutcome.NotAuthorised, "no authorised key signed the payload");
            }

            (List<RegisterValue> measurements, ReadOnlyMemory<byte> envelope) = Decode(token.Payload);
            if (state != PlatformState.Secured)
            {
                return Refuse(TapOutcome.NotSecured, $"the platform is in state {state}");
            }

            foreach (RegisterValue expected in measurements)
            {
                if (!registers.TryRead((ulong)expected.Index, out Digest actual) || actual != expected.Value)
                {
                    return Refuse(TapOutcome.WrongMeasurements, $"register {expected.Index} ({RegisterLayout.NameOf(expected.Index)}) differs");
                }
            }

            return SecretEnvelope.Open(envelope, sealingKey, SecretEnvelope.LocalPurpose, EncodeMeasurements(measurements)) is { } secret
                ? new TapResult(TapOutcome.Released, secret, "the payload is for this TVM")
                : Refuse(TapOutcome.WrongTsm, "the secret is encrypted to another TSM");
        }
        catch (AttestationException e)
        {
            return Refuse(TapOutcome.Malformed, e.Cause);
        }
    }

    private static TapResult Refuse(TapOutcome outcome, string reason) => new(outcome, ReadOnlyMemory<byte>.Empty, reason);

    private static (List<RegisterValue> Measurements, ReadOnlyMemory<byte> Envelope) Decode(ReadOnlyMemory<byte> encoded) => CborDecoding.Decode(encoded, What, reader =>
    {
        int version = 0;
        List<RegisterValue> measurements = [];
        byte[]? envelope = null;
        reader.ReadMap(What, 3, label =>
        {
            switch (label)
            {
                case VersionLabel:
                    version = reader.ReadInt32();
                    return true;
                case MeasurementsLabel:
                    measurements = reader.ReadList(What, 1, RegisterLayout.Count, RegisterValue.Read);
                    return true;
                case EnvelopeLabel:
                    envelope = reader.ReadByteString();
                    return true;
                default:
                    return false;
            }
        });
        return version == Version && Suffices(measurements)
            ? (measurements, (ReadOnlyMemory<byte>)envelope.Require(What, "secret"))
            : throw AttestationException.Malformed(What, "is not of version 1, or is not bound to pages and configuration of a TVM");
    });

    private static bool Suffices(IReadOnlyList<RegisterValue> measurements) =>
        measurements.Any(m => m.Index == RegisterLayout.TvmPages) && measurements.Any(m => m.Index == RegisterLayout.TvmConfiguration);

    private static byte[] EncodeMeasurements(IReadOnlyList<RegisterValue> measurements)
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteStartArray(measurements.Count);
        foreach (RegisterValue measurement in measurements)
        {
            measurement.Write(writer);
        }

        writer.WriteEndArray();
        return writer.Encode();
    }
}
