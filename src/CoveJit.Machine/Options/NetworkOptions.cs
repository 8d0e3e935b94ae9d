using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Machines.Options;

/// <summary>The <c>--net</c> option.</summary>
/// <param name="Kind">What the card is connected to.</param>
/// <param name="Forwards">Port forwards, for <see cref="NetworkKind.User"/>.</param>
/// <param name="TapName">Interface name, for <see cref="NetworkKind.Tap"/>.</param>
public sealed record NetworkOptions(NetworkKind Kind, IReadOnlyList<HostForward> Forwards, string? TapName = null)
{
    /// <summary>Whether the card is a PCIe function rather than a VirtIO-mmio device.</summary>
    public bool Pcie { get; init; }

    /// <summary>What is said of the PCIe function.</summary>
    public FunctionOptions Function { get; init; } = FunctionOptions.Plain;

    /// <summary>The other end of the cable, for <see cref="NetworkKind.Given"/>; the machine disposes it.</summary>
    public INetworkBackend? Backend { get; init; }

    /// <summary>No network card.</summary>
    public static NetworkOptions None { get; } = new(NetworkKind.None, []);
}
