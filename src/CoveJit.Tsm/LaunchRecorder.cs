using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Measurements;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm;

/// <summary>Keeps launch plans of TVMs as they are launched. For the holder of the TSM's lock, until the machine has ended.</summary>
internal sealed class LaunchRecorder(TsmIdentity identity)
{
    // A host may launch any number; nobody wants more plans than this.
    private const int Most = 64;

    private readonly Dictionary<uint, List<LaunchRegion>> _regions = [];
    private readonly List<TvmLaunch> _launches = [];

    public IReadOnlyList<TvmLaunch> Launches => _launches;

    /// <summary>Notes measured pages.</summary>
    public void Add(Tvm tvm, ulong guestAddress, ReadOnlySpan<byte> content, LaunchPageType pageType)
    {
        if (_launches.Count == Most)
        {
            return;
        }

        if (!_regions.TryGetValue(tvm.Id, out List<LaunchRegion>? regions))
        {
            _regions.Add(tvm.Id, regions = []);
        }

        // Zeroes at the end need not be written down.
        int length = content.LastIndexOfAnyExcept((byte)0) + 1;
        regions.Add(new LaunchRegion(guestAddress, content[..length].ToArray(), (ulong)content.Length, pageType));
    }

    /// <summary>Notes that a TVM can run.</summary>
    public void Finish(Tvm tvm, ulong entryPc, ulong entryArgument, IReadOnlyList<ulong>? bootState)
    {
        if (!_regions.Remove(tvm.Id, out List<LaunchRegion>? regions))
        {
            return;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        AttestationRequest request = new(tvm.Measurements, P384PublicKey.FromKey(key), new byte[TvmClaims.ChallengeSize], tvm.Identity.IsEmpty ? null : tvm.Identity.ToArray());
        _launches.Add(new TvmLaunch(
            tvm.Id,
            new LaunchPlan(entryPc, entryArgument, [.. tvm.Vcpus.Keys.Select(id => (ulong)id)], regions, bootState),
            identity.Attestation.CreateCertificate(request, CertificateFormats.Cbor)));
    }
}
