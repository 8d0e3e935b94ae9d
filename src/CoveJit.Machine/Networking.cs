using CoveJit.Devices.Virtio.Net;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Machines;

/// <summary>Opens the network card's backend.</summary>
internal static class Networking
{
    /// <summary>The card's address: QEMU's default, which stock images know.</summary>
    public static ReadOnlySpan<byte> MacAddress => [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];

    /// <summary>Opens a backend.</summary>
    /// <exception cref="LoadException">The host lacks what the backend needs.</exception>
    public static INetworkBackend Open(NetworkOptions options) =>
        throw new LoadException($"--net {options.Kind} is not built yet", "leave --net out");
}
