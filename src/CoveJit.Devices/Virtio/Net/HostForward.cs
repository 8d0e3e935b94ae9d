using System.Globalization;
using System.Net;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>A rule that makes a guest's port reachable on the host.</summary>
/// <param name="IsUdp">UDP instead of TCP.</param>
/// <param name="HostAddress">Where the host listens; any address unless given.</param>
/// <param name="HostPort">The host's port; 0 lets the host choose.</param>
/// <param name="GuestAddress">The guest's address; null for the first one DHCP gives, 10.0.2.15.</param>
/// <param name="GuestPort">The guest's port.</param>
public sealed record HostForward(bool IsUdp, IPAddress HostAddress, ushort HostPort, IPAddress? GuestAddress, ushort GuestPort)
{
    /// <summary>Reads a rule in QEMU's form, <c>[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport</c>.</summary>
    /// <exception cref="FormatException">The text is no such rule; the message says what is expected.</exception>
    public static HostForward Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] host = text.Split(':', 3);
        if (host.Length == 3 && host[0] is ("tcp" or "udp" or ""))
        {
            int dash = host[2].IndexOf('-', StringComparison.Ordinal);
            int colon = host[2].LastIndexOf(':');
            if (dash > 0
                && colon > dash
                && TryAddress(host[1], out IPAddress? hostAddress)
                && TryPort(host[2][..dash], out ushort hostPort)
                && TryAddress(host[2][(dash + 1)..colon], out IPAddress? guestAddress)
                && TryPort(host[2][(colon + 1)..], out ushort guestPort)
                && guestPort != 0)
            {
                return new HostForward(host[0] == "udp", hostAddress ?? IPAddress.Any, hostPort, guestAddress, guestPort);
            }
        }

        throw new FormatException($"'{text}' is no forwarding rule; expected tcp|udp:[hostaddr]:hostport-[guestaddr]:guestport, for example tcp::2222-:22");
    }

    /// <summary>The rule in the form <see cref="Parse"/> reads.</summary>
    public override string ToString() => $"{(IsUdp ? "udp" : "tcp")}:{HostAddress}:{HostPort}-{GuestAddress}:{GuestPort}";

    private static bool TryAddress(string text, out IPAddress? address)
    {
        address = null;
        return text.Length == 0
            || (text.Count(c => c == '.') == 3 && IPAddress.TryParse(text, out address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
    }

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}
