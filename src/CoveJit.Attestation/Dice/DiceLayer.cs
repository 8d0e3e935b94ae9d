using System.Numerics;
using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Dice;

/// <summary>A layer of the DICE chain: its secret, the attestation key derived from it, and what comes next.</summary>
internal sealed class DiceLayer
{
    private const string AttestationPurpose = "Key_Pair";
    private const string SealingPurpose = "Seal_Key_Pair";

    private readonly byte[] _secret;

    private DiceLayer(byte[] secret)
    {
        _secret = secret;
        Key = new DeterministicEcdsa(Scalar(AttestationPurpose));
    }

    /// <summary>The attestation key: signs the claims of the next layer.</summary>
    public DeterministicEcdsa Key { get; }

    /// <summary>The layer below all: its secret is the unique device secret.</summary>
    public static DiceLayer Root(ReadOnlySpan<byte> uniqueDeviceSecret) => new(uniqueDeviceSecret.ToArray());

    /// <summary>The layer that is loaded by this one.</summary>
    /// <param name="tcb">Hash of what is loaded.</param>
    /// <param name="state">State of the platform: a platform in debug state has other keys.</param>
    public DiceLayer Next(Digest tcb, PlatformState state) => new(NextSecret(tcb, state));

    /// <summary>The secret of the layer that is loaded by this one.</summary>
    public byte[] NextSecret(Digest tcb, PlatformState state) => DiceKdf.NextCdi(_secret, tcb, state);

    /// <summary>A key of this layer for agreeing on secrets, apart from the one that signs. The caller disposes of it.</summary>
    public ECDiffieHellman CreateSealingKey() => ECDiffieHellman.Create(P384.KeyPair(Scalar(SealingPurpose)));

    private BigInteger Scalar(string purpose) => P384.ScalarFromSeed(DiceKdf.KeySeed(_secret, purpose));
}
