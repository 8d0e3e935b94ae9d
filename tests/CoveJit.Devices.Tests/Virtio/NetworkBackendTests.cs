using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Devices.Tests.Virtio;

public class NetworkBackendTests
{
    private static readonly byte[] GuestMac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

    [Theory]
    [InlineData("tcp::2222-:22", false, "0.0.0.0", 2222, null, 22)]
    [InlineData("udp:127.0.0.1:53-10.0.2.15:5353", true, "127.0.0.1", 53, "10.0.2.15", 5353)]
    [InlineData(":127.0.0.1:0-:80", false, "127.0.0.1", 0, null, 80)]
    public void Forwarding_rules_are_read_as_qemu_does(string text, bool udp, string host, int hostPort, string? guest, int guestPort)
    {
        HostForward expected = new(udp, IPAddress.Parse(host), (ushort)hostPort, guest is null ? null : IPAddress.Parse(guest), (ushort)guestPort);
        Assert.Equal(expected, HostForward.Parse(text));
        Assert.Equal(expected, HostForward.Parse(expected.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tcp")]
    [InlineData("tcp::2222")]
    [InlineData("tcp::2222-22")]
    [InlineData("tcp::-:22")]
    [InlineData("tcp::70000-:22")]
    [InlineData("tcp::22-:0")]
    [InlineData("icmp::22-:22")]
    [InlineData("tcp:::1:22-:22")]
    [InlineData("tcp:1:22-:22")]
    public void Bad_forwarding_rules_name_the_form(string text)
    {
        FormatException error = Assert.Throws<FormatException>(() => HostForward.Parse(text));
        Assert.Contains("tcp::2222-:22", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a-name-that-is-too-long")]
    public void Bad_tap_names_are_refused(string name) => Assert.Throws<IOException>(() => TapBackend.Open(name));

    [NeedsFact("libslirp.so.0")]
    public void Slirp_answers_arp_and_dhcp()
    {
        using SlirpBackend backend = new();
        using FrameBox box = new();
        backend.Connect(box);

        backend.Send(Arp(1, [10, 0, 2, 15], new byte[6], [10, 0, 2, 2]));
        byte[] reply = box.Take(f => f[12] == 8 && f[13] == 6 && f[21] == 2);
        Assert.Equal(GuestMac, reply[..6]);
        Assert.Equal([10, 0, 2, 2], reply[28..32]);

        backend.Send(DhcpDiscover());
        byte[] offer = box.Take(f => f[12] == 8 && f[13] == 0 && f[23] == 17);
        Assert.Equal([10, 0, 2, 15], offer[(42 + 16)..(42 + 20)]); // yiaddr
    }

    [NeedsFact("libslirp.so.0")]
    public async Task Slirp_forwards_a_host_connection_to_the_guest()
    {
        ushort port = FreePort();
        using SlirpBackend backend = new([HostForward.Parse($"tcp:127.0.0.1:{port}-:80")]);
        using FrameBox box = new();
        backend.Connect(box);
        backend.Send(Arp(1, [10, 0, 2, 15], new byte[6], [10, 0, 2, 2])); // The gateway learns the guest's address.
        box.Take(f => f[12] == 8 && f[13] == 6 && f[21] == 2);
        using TcpClient client = new();
        Task connecting = client.ConnectAsync(IPAddress.Loopback, port);
        byte[] syn = box.Take(f => f[12] == 8 && f[13] == 0 && f[23] == 6);
        Assert.Equal(80, BinaryPrimitives.ReadUInt16BigEndian(syn.AsSpan(36)));
        Assert.Equal(2, syn[47] & 0x3f);
        await connecting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [NeedsFact("libslirp.so.0")]
    public void A_taken_port_is_a_clear_error()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        IOException error = Assert.Throws<IOException>(() => new SlirpBackend([HostForward.Parse($"tcp:127.0.0.1:{port}-:80")]));
        Assert.Contains($"port {port}", error.Message, StringComparison.Ordinal);
    }

    [NeedsFact("libslirp.so.0")]
    public void A_card_on_slirp_carries_frames_both_ways()
    {
        using SlirpBackend backend = new();
        TestDriver driver = new TestDriver(new VirtioNet("net0", backend, GuestMac)).Start(eventIndex: true);
        driver.Queues[0].Add(false, new Part(TestDriver.Data, 1526, true));
        driver.Kick(0);
        byte[] arp = Arp(1, [10, 0, 2, 15], new byte[6], [10, 0, 2, 2]);
        driver.Ram.At(TestDriver.Data + 0x1000, 12).Clear();
        arp.CopyTo(driver.Ram.At(TestDriver.Data + 0x1000 + 12, arp.Length));
        driver.Queues[1].Add(false, new Part(TestDriver.Data + 0x1000, (uint)arp.Length + 12));
        driver.Kick(1);
        Assert.True(SpinWait.SpinUntil(() => driver.Queues[0].UsedIndex != 0, TimeSpan.FromSeconds(10)));
        Assert.Equal([8, 6], driver.Ram.At(TestDriver.Data + 12 + 12, 2).ToArray());
    }

    private static ushort FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static byte[] Arp(byte operation, byte[] from, byte[] toMac, byte[] to) =>
    [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. GuestMac, 8, 6,
        0, 1, 8, 0, 6, 4, 0, operation, .. GuestMac, .. from, .. toMac, .. to, .. new byte[18],
    ];

    private static byte[] DhcpDiscover()
    {
        byte[] bootp = new byte[300];
        bootp[0] = 1;
        bootp[1] = 1;
        bootp[2] = 6;
        bootp[4] = 0x42;
        GuestMac.CopyTo(bootp, 28);
        byte[] options = [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255];
        options.CopyTo(bootp, 236);
        byte[] udp = [0, 68, 0, 67, 0, 0, 0, 0, .. bootp];
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        byte[] ip = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255];
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(2), (ushort)(ip.Length + udp.Length));
        uint sum = 0;
        for (int i = 0; i < ip.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip.AsSpan(i));
        }

        sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(10), (ushort)~sum);
        return [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. GuestMac, 8, 0, .. ip, .. udp];
    }

    private sealed class FrameBox : IFrameSink, IDisposable
    {
        private readonly BlockingCollection<byte[]> _frames = [];

        public void Receive(ReadOnlySpan<byte> frame) => _frames.Add(frame.ToArray());

        public byte[] Take(Func<byte[], bool> wanted)
        {
            while (_frames.TryTake(out byte[]? frame, TimeSpan.FromSeconds(10)))
            {
                if (wanted(frame))
                {
                    return frame;
                }
            }

            throw new TimeoutException("the expected frame did not come");
        }

        public void Dispose()
        {
            // The network thread may still deliver; the collection needs no release.
        }
    }
}
