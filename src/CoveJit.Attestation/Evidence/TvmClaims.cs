using System.Formats.Cbor;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>The claims of the TVM token, signed by the TSM (CoVE, TVM Token).</summary>
/// <param name="Challenge">What the TVM was asked to put in, <see cref="ChallengeSize"/> bytes: shows that the evidence is fresh.</param>
/// <param name="Identity">What the host bound to the TVM when it was finalized, not measured; null if nothing.</param>
/// <param name="PublicKey">The TVM's own key: whoever holds its private half is the measured TVM.</param>
/// <param name="Initial">Initial measurements.</param>
/// <param name="Runtime">Runtime measurements, in the TVM's own responsibility.</param>
public sealed record TvmClaims(
    ReadOnlyMemory<byte> Challenge, ReadOnlyMemory<byte>? Identity, P384PublicKey PublicKey, IReadOnlyList<RegisterValue> Initial, IReadOnlyList<RegisterValue> Runtime)
{
    /// <summary>Bytes of a challenge.</summary>
    public const int ChallengeSize = 64;

    /// <summary>Bytes of an identity.</summary>
    public const int IdentitySize = 64;

    private const int MaxInitial = 8;
    private const int MaxRuntime = 18;
    private const string What = "the TVM token";

    internal byte[] Encode()
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteTag((CborTag)ClaimLabel.TagCwt);
        writer.WriteStartMap(3 + (Identity is null ? 0 : 1) + (Runtime.Count == 0 ? 0 : 1));
        writer.WriteInt32(ClaimLabel.Nonce);
        writer.WriteByteString(Challenge.Span);
        if (Identity is { } identity)
        {
            writer.WriteInt32(ClaimLabel.TvmIdentity);
            writer.WriteByteString(identity.Span);
        }

        writer.WriteInt32(ClaimLabel.TvmPublicKey);
        writer.WriteByteString(PublicKey.ToCose());
        WriteRegisters(writer, ClaimLabel.TvmInitialMeasurements, Initial);
        if (Runtime.Count > 0)
        {
            WriteRegisters(writer, ClaimLabel.TvmRuntimeMeasurements, Runtime);
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    internal static TvmClaims Decode(ReadOnlyMemory<byte> encoded) => CborDecoding.Decode(encoded, What, reader =>
    {
        byte[]? challenge = null;
        byte[]? identity = null;
        P384PublicKey? publicKey = null;
        List<RegisterValue>? initial = null;
        List<RegisterValue> runtime = [];
        reader.ReadTag(What, ClaimLabel.TagCwt);
        reader.ReadMap(What, 5, label =>
        {
            switch (label)
            {
                case ClaimLabel.Nonce:
                    challenge = reader.ReadBytes("the challenge", ChallengeSize);
                    return true;
                case ClaimLabel.TvmIdentity:
                    identity = reader.ReadBytes("the TVM identity", IdentitySize);
                    return true;
                case ClaimLabel.TvmPublicKey:
                    publicKey = P384PublicKey.FromCose(reader.ReadDefiniteLengthByteString());
                    return true;
                case ClaimLabel.TvmInitialMeasurements:
                    initial = reader.ReadList(What, 1, MaxInitial, RegisterValue.Read);
                    return true;
                case ClaimLabel.TvmRuntimeMeasurements:
                    runtime = reader.ReadList(What, 1, MaxRuntime, RegisterValue.Read);
                    return true;
                default:
                    return false;
            }
        });

        initial = initial.Require(What, "initial measurements");
        if (initial.Concat(runtime).DistinctBy(register => register.Index).Count() != initial.Count + runtime.Count)
        {
            throw AttestationException.Malformed(What, "gives a register twice");
        }

        // A null array would become an empty identity, not none.
        ReadOnlyMemory<byte>? bound = identity is null ? null : identity;
        return new TvmClaims(challenge.Require(What, "challenge"), bound, publicKey.Require(What, "public key"), initial, runtime);
    });

    private static void WriteRegisters(CborWriter writer, int label, IReadOnlyList<RegisterValue> registers)
    {
        writer.WriteInt32(label);
        writer.WriteStartArray(registers.Count);
        foreach (RegisterValue register in registers)
        {
            register.Write(writer);
        }

        writer.WriteEndArray();
    }
}
