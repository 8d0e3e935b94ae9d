using System.Net;

namespace CoveJit.Machines.Options;

/// <summary>One <c>hostfwd=</c> rule: connections to a port of the host reach the guest.</summary>
/// <param name="Udp">Whether datagrams are forwarded, not TCP connections.</param>
/// <param name="HostAddress">Address listened on; any address by default, as in QEMU.</param>
/// <param name="HostPort">Port listened on.</param>
/// <param name="GuestAddress">Guest's address; null for the one it gets by DHCP.</param>
/// <param name="GuestPort">Guest's port.</param>
public sealed record HostForward(bool Udp, IPAddress HostAddress, ushort HostPort, IPAddress? GuestAddress, ushort GuestPort);
