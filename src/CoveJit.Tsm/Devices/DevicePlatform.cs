using CoveJit.Devices.Iommu;
using CoveJit.Devices.Pcie;
using CoveJit.TeeIo.Cryptography;

namespace CoveJit.Tsm.Devices;

/// <summary>What a TSM is told of a machine's devices (CoVE-IO, the manifest that its text leaves open).</summary>
public sealed record DevicePlatform
{
    /// <summary>The root ports; behind those with IDE are devices that can be connected.</summary>
    public required IReadOnlyList<RootPort> Ports { get; init; }

    /// <summary>The IOMMU that is the TSM's alone; it is off.</summary>
    public required RiscvIommu Iommu { get; init; }

    /// <summary>RAM of the host's that becomes the TSM's, for its IOMMU's directory and queue: whole pages.</summary>
    public required (ulong Start, ulong Size) IommuMemory { get; init; }

    /// <summary>Root certificates in DER that vouch for devices.</summary>
    public required IReadOnlyList<byte[]> TrustAnchors { get; init; }

    /// <summary>Where functions' memory can be.</summary>
    public required IReadOnlyList<(ulong Start, ulong Size)> Windows { get; init; }

    /// <summary>Where keys and nonces come from.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;

    /// <summary>How many records a session's keys protect before calls return ERR_KEY_UPDATE_REQUIRED.</summary>
    public ulong MaxRecords { get; init; } = 1UL << 32;
}
