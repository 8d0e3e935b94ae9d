using System.Security.Cryptography;
using CoveJit.Attestation.Certificates;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Secrets;

namespace CoveJit.Attestation.Dice;

/// <summary>
/// What a TSM attests its TVMs with: its keys, the tokens of the layers below it, and the registers that new TVMs start with. Made
/// once when the platform starts; afterwards immutable, and safe for use by several threads.
/// </summary>
public sealed class TsmAttestation
{
    private readonly DiceLayer _layer;
    private readonly SignedToken _platformToken;
    private readonly SignedToken _tsmToken;

    internal TsmAttestation(RootOfTrust root, TcbDescription tcb)
    {
        Tcb = tcb;
        MeasurementRegisters registers = CreateRegisters();
        DiceLayer platform = root.Layer.Next(Join(registers, RegisterLayout.PlatformFirmware, RegisterLayout.PlatformConfiguration), tcb.State);
        _layer = platform.Next(Join(registers, RegisterLayout.TsmSoftware, RegisterLayout.TsmConfiguration), tcb.State);
        using (ECDiffieHellman sealingKey = _layer.CreateSealingKey())
        {
            SealingKey = P384PublicKey.FromKey(sealingKey);
        }

        PlatformClaims platformClaims = new(platform.Key.PublicKey, tcb.Manufacturer, tcb.State, tcb.PlatformComponents);
        _platformToken = SignedToken.Sign(root.Layer.Key, platformClaims.Encode(), root.PublicKey.KeyId);
        _tsmToken = SignedToken.Sign(platform.Key, new TsmClaims(PublicKey, SealingKey, tcb.TsmDriver, tcb.Tsm).Encode());
        CertificateChain =
        [
            DiceCertificateBuilder.Build(platform.Key, PublicKey, DiceCertificateProfile.TvmPathLength + 1, []),
            DiceCertificateBuilder.Build(root.Layer.Key, platform.Key.PublicKey, DiceCertificateProfile.RootPathLength - 1, []),
            root.Certificate,
        ];
    }

    /// <summary>The trusted computing base that is attested.</summary>
    public TcbDescription Tcb { get; }

    /// <summary>The TSM's attestation key.</summary>
    public P384PublicKey PublicKey => _layer.Key.PublicKey;

    /// <summary>The key that secrets in TVM attestation payloads are encrypted to.</summary>
    public P384PublicKey SealingKey { get; }

    /// <summary>X.509 certificates (DER) of TSM, platform and root, which a TVM's own X.509 certificate chains to.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CertificateChain { get; }

    /// <summary>What <c>sbi_covg_get_attcaps</c> answers.</summary>
    public AttestationCapabilities Capabilities => Tcb.Capabilities;

    /// <summary>Registers for a new TVM: platform and TSM are measured already, the rest is zero.</summary>
    public MeasurementRegisters CreateRegisters() => Tcb.CreateRegisters();

    /// <summary>Makes evidence by itself, without a certificate around it.</summary>
    public byte[] CreateEvidence(AttestationRequest request) => CreateEvidence(request, tagged: false);

    /// <summary>Makes the certificate that <c>sbi_covg_get_evidence</c> returns.</summary>
    /// <param name="request">What to attest.</param>
    /// <param name="format">One format.</param>
    public byte[] CreateCertificate(AttestationRequest request, CertificateFormats format)
    {
        ArgumentNullException.ThrowIfNull(request);
        return format switch
        {
            CertificateFormats.Cbor => CborCertificate.Encode(_layer.Key, PublicKey.KeyId, request.PublicKey.KeyId, CreateEvidence(request, tagged: false)),
            CertificateFormats.X509 => DiceCertificateBuilder.Build(
                _layer.Key, request.PublicKey, DiceCertificateProfile.TvmPathLength, CreateEvidence(request, tagged: true)),
            _ => throw new ArgumentException("One of the two formats is to be given.", nameof(format)),
        };
    }

    /// <summary>
    /// The TVM's own secret (its CDI): it depends on everything below the TVM and on its initial measurements, so that the same TVM
    /// on the same platform, and nobody else, gets it again.
    /// </summary>
    /// <param name="registers">The TVM's registers, frozen.</param>
    public byte[] DeriveTvmSecret(MeasurementRegisters registers)
    {
        RequireFrozen(registers);
        return _layer.NextSecret(registers.InitialDigest(), Tcb.State);
    }

    /// <summary>Attests a TVM locally: opens its attestation payload if that is for this TSM and this TVM.</summary>
    /// <param name="payload">The payload, hostile: it comes with the TVM's image.</param>
    /// <param name="registers">The TVM's registers, frozen.</param>
    /// <param name="authorisedKeys">Keys that may sign payloads: part of the TSM's configuration.</param>
    public TapResult OpenPayload(ReadOnlyMemory<byte> payload, MeasurementRegisters registers, IReadOnlyList<P384PublicKey> authorisedKeys)
    {
        RequireFrozen(registers);
        using ECDiffieHellman sealingKey = _layer.CreateSealingKey();
        return TvmAttestationPayload.Open(payload, registers, Tcb.State, authorisedKeys, sealingKey);
    }

    private byte[] CreateEvidence(AttestationRequest request, bool tagged)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireFrozen(request.Registers);
        if (request.Challenge.Length != TvmClaims.ChallengeSize || (request.Identity is { } identity && identity.Length != TvmClaims.IdentitySize))
        {
            throw new ArgumentException("A challenge and an identity have 64 bytes.", nameof(request));
        }

        TvmClaims claims = new(
            request.Challenge,
            request.Identity,
            request.PublicKey,
            [.. Enumerable.Range(0, RegisterLayout.InitialCount).Select(index => new RegisterValue(index, request.Registers[index]))],
            [.. Enumerable.Range(RegisterLayout.FirstRuntime, RegisterLayout.RuntimeCount).Select(index => new RegisterValue(index, request.Registers[index]))]);
        return EvidenceToken.Encode(_platformToken, _tsmToken, SignedToken.Sign(_layer.Key, claims.Encode()), tagged);
    }

    private static void RequireFrozen(MeasurementRegisters registers)
    {
        ArgumentNullException.ThrowIfNull(registers);
        if (!registers.IsFrozen)
        {
            throw new InvalidOperationException("The TVM is not finalized.");
        }
    }

    private static Digest Join(MeasurementRegisters registers, int first, int second) => Digest.Of([.. registers[first].Bytes, .. registers[second].Bytes]);
}
