using CoveJit.Attestation.Certificates;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Dice;

/// <summary>
/// The hardware root of trust of a platform: it holds the unique device secret, from which the secrets and keys of all layers
/// follow (CoVE, Layered Evidence). The same secret gives the same keys on every run.
/// </summary>
public sealed class RootOfTrust
{
    /// <summary>Fewest bytes of a unique device secret.</summary>
    public const int MinSecretSize = 32;

    /// <summary>Makes a root of trust.</summary>
    /// <param name="uniqueDeviceSecret">The secret, at least <see cref="MinSecretSize"/> bytes.</param>
    public RootOfTrust(ReadOnlySpan<byte> uniqueDeviceSecret)
    {
        if (uniqueDeviceSecret.Length < MinSecretSize)
        {
            throw new ArgumentException($"A unique device secret has at least {MinSecretSize} bytes.", nameof(uniqueDeviceSecret));
        }

        Layer = DiceLayer.Root(uniqueDeviceSecret);
        Certificate = DiceCertificateBuilder.Build(Layer.Key, PublicKey, DiceCertificateProfile.RootPathLength, []);
    }

    /// <summary>The key that platform tokens are signed with: what a relying party trusts.</summary>
    public P384PublicKey PublicKey => Layer.Key.PublicKey;

    /// <summary>The root's own X.509 certificate (DER), signed by itself.</summary>
    public ReadOnlyMemory<byte> Certificate { get; }

    internal DiceLayer Layer { get; }

    /// <summary>Starts the platform: measures firmware and TSM, and derives the TSM's keys.</summary>
    /// <param name="tcb">What is started.</param>
    /// <returns>What the TSM attests with.</returns>
    public TsmAttestation Start(TcbDescription tcb)
    {
        ArgumentNullException.ThrowIfNull(tcb);
        return new TsmAttestation(this, tcb.Validated());
    }
}
