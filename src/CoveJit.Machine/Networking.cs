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
    /// <exception cref="LoadException">The host lacks what the backend needs, or a forwarded port is taken.</exception>
    public static INetworkBackend Open(NetworkOptions options)
    {
        try
        {
            return options.Kind switch
            {
                NetworkKind.User => new SlirpBackend(options.Forwards.Select(
                    f => new Devices.Virtio.Net.HostForward(f.Udp, f.HostAddress, f.HostPort, f.GuestAddress, f.GuestPort))),
                NetworkKind.Given when options.Backend is { } backend => backend,
                NetworkKind.Tap => TapBackend.Open(options.TapName ?? string.Empty),
                _ => throw new ArgumentOutOfRangeException(nameof(options)),
            };
        }
        catch (IOException e)
        {
            throw LoadException.FromOneLine("--net", e, "check the option and the host's network");
        }
    }
}
