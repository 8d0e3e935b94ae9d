using System.Security.Cryptography;
using System.Text;
using CoveJit.Attestation;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Tsm;

/// <summary>
/// What a TSM attests with: the platform's secret, the trusted computing base below TVMs, and the keys that may sign TVM attestation payloads. Keys are
/// derived when the first evidence is asked for: that takes a fifth of a second, and registers need none. Safe for use by several threads.
/// </summary>
public sealed class TsmIdentity
{
    // Whatever is modelled can be read in the source: so can the secret. Evidence of an emulated platform proves that its format and its checks are right.
    private static ReadOnlySpan<byte> EmulatedSecret => "the unique device secret of every CoveJit"u8;

    private const string EmulatedVersion = "1";

    private readonly Lazy<RootOfTrust> _root;
    private readonly Lazy<TsmAttestation> _attestation;

    /// <summary>Makes an identity.</summary>
    /// <param name="uniqueDeviceSecret">The platform's secret, at least <see cref="RootOfTrust.MinSecretSize"/> bytes.</param>
    /// <param name="tcb">The trusted computing base; <see cref="Configure"/> gives its TSM configuration.</param>
    /// <param name="owners">Keys that may sign TVM attestation payloads: those of the TSM configuration.</param>
    public TsmIdentity(byte[] uniqueDeviceSecret, TcbDescription tcb, params IReadOnlyList<P384PublicKey> owners)
    {
        ArgumentNullException.ThrowIfNull(tcb);
        Tcb = tcb;
        Owners = owners;
        _root = new Lazy<RootOfTrust>(() => new RootOfTrust(uniqueDeviceSecret));
        _attestation = new Lazy<TsmAttestation>(() => _root.Value.Start(tcb));
    }

    /// <summary>The identity of the platform that <c>covejit run --tsm on</c> models: always the same.</summary>
    public static TsmIdentity Emulated { get; } = new(EmulatedSecret.ToArray(), DescribeEmulated());

    /// <summary>The same platform with a TSM that TVM owners are known to. Its keys and evidence differ from <see cref="Emulated"/>'s, as its configuration does.</summary>
    /// <param name="owners">Keys that may sign TVM attestation payloads; none gives <see cref="Emulated"/>.</param>
    public static TsmIdentity EmulatedFor(params IReadOnlyList<P384PublicKey> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        return owners.Count == 0 ? Emulated : new TsmIdentity(EmulatedSecret.ToArray(), DescribeEmulated(owners), owners);
    }

    /// <summary>The trusted computing base.</summary>
    public TcbDescription Tcb { get; }

    /// <summary>Keys that may sign TVM attestation payloads.</summary>
    public IReadOnlyList<P384PublicKey> Owners { get; }

    /// <summary>The root of trust: what a relying party trusts.</summary>
    public RootOfTrust Root => _root.Value;

    /// <summary>The TSM's keys and tokens.</summary>
    public TsmAttestation Attestation => _attestation.Value;

    /// <summary>The trusted computing base of <see cref="Emulated"/>, with the keys of TVM owners in the TSM's configuration.</summary>
    /// <param name="owners">Keys that may sign TVM attestation payloads.</param>
    public static TcbDescription DescribeEmulated(params IReadOnlyList<P384PublicKey> owners)
    {
        byte[] manufacturer = new byte[PlatformClaims.ManufacturerSize];
        Encoding.ASCII.GetBytes("CoveJit", manufacturer);
        return new TcbDescription(
            manufacturer,
            PlatformState.Secured,
            [Component("firmware")],
            Digest.Of("CoveJit virt"u8),
            Component("tsm-driver"),
            Component("tsm"),
            Configure(owners));
    }

    /// <summary>
    /// The hash of a TSM's configuration, which says who may give TVMs secrets: of the text <c>CoveJit TSM configuration</c> and the points of the
    /// owners' keys, in order.
    /// </summary>
    public static Digest Configure(params IReadOnlyList<P384PublicKey> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        hash.AppendData("CoveJit TSM configuration"u8);
        foreach (P384PublicKey owner in owners)
        {
            hash.AppendData(owner.Point);
        }

        return new Digest(hash.GetHashAndReset());
    }

    // Managed firmware has no image in guest memory; its name and version are measured in place of one.
    private static SoftwareComponent Component(string type) =>
        new(type, Digest.Of(Encoding.ASCII.GetBytes($"CoveJit {type} {EmulatedVersion}")), EmulatedVersion, Digest.Of("CoveJit"u8));
}
