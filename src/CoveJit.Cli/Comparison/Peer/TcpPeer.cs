using System.Buffers.Binary;
using System.Net;
using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Cli.Comparison.Peer;

/// <summary>
/// The other end of a network card's cable: one host with one TCP port and one connection at a time. It answers while the guest sends, on the hart's thread, so that runs
/// under <c>--icount</c> repeat. Ethernet, ARP (RFC 826), IPv4 (RFC 791) without fragments.
/// </summary>
/// <param name="accept">Makes what answers on a new connection.</param>
internal sealed class TcpPeer(Func<IByteService> accept) : INetworkBackend
{
    /// <summary>Its address.</summary>
    public const string Address = "10.0.2.2";

    /// <summary>An address for the guest.</summary>
    public const string GuestAddress = "10.0.2.15/24";

    /// <summary>The port that answers.</summary>
    public const ushort Port = 7070;

    private const int MacSize = 6;
    private const int EthernetSize = 14;
    private const int ArpSize = 28;
    private const int IpSize = 20;
    private const int TcpSize = 20;
    private const int MostFrame = EthernetSize + 1500;
    private const int MostData = MostFrame - EthernetSize - IpSize - TcpSize;
    private const ushort EtherTypeIp = 0x0800;
    private const ushort EtherTypeArp = 0x0806;
    private const byte ProtocolTcp = 6;
    private const byte SegmentSizeOption = 2;
    private const int SegmentSizeOptionSize = 4;
    private const int DefaultSegmentSize = 536;

    private static readonly byte[] OwnAddress = IPAddress.Parse(Address).GetAddressBytes();
    private static readonly byte[] OwnMac = [0x52, 0x55, .. OwnAddress];

    private readonly byte[] _frame = new byte[MostFrame];
    private readonly byte[] _guestMac = new byte[MacSize];
    private readonly byte[] _guestAddress = new byte[4];
    private IFrameSink? _sink;
    private IByteService? _service;
    private TcpConnection? _connection;
    private ushort _guestPort;

    /// <inheritdoc/>
    public void Connect(IFrameSink sink) => _sink = sink;

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < EthernetSize)
        {
            return;
        }

        ReadOnlySpan<byte> packet = frame[EthernetSize..];
        switch (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]))
        {
            case EtherTypeArp:
                AnswerArp(packet);
                break;
            case EtherTypeIp:
                ReceiveIp(frame.Slice(MacSize, MacSize), packet);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sink = null;
        (_service as IDisposable)?.Dispose();
    }

    // Who has our address? For Ethernet and IPv4: operation 1, and 2 in answer.
    private void AnswerArp(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < ArpSize || !packet[..8].SequenceEqual((ReadOnlySpan<byte>)[0, 1, 8, 0, 6, 4, 0, 1]) || !packet.Slice(24, 4).SequenceEqual(OwnAddress))
        {
            return;
        }

        Span<byte> answer = Ethernet(packet.Slice(8, MacSize), EtherTypeArp);
        packet[..8].CopyTo(answer);
        answer[7] = 2;
        OwnMac.CopyTo(answer[8..]);
        OwnAddress.CopyTo(answer[14..]);
        packet.Slice(8, MacSize + 4).CopyTo(answer[18..]);
        _sink?.Receive(_frame.AsSpan(0, EthernetSize + ArpSize));
    }

    private void ReceiveIp(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> packet)
    {
        if (packet.Length < IpSize)
        {
            return;
        }

        int headerSize = (packet[0] & 15) * 4;
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        if (packet[0] >> 4 != 4 || headerSize < IpSize || length < headerSize + TcpSize || length > packet.Length || isFragment || packet[9] != ProtocolTcp
            || !packet.Slice(16, 4).SequenceEqual(OwnAddress) || Checksum(Sum(packet[..headerSize])) != 0)
        {
            return;
        }

        ReadOnlySpan<byte> address = packet.Slice(12, 4);
        ReadOnlySpan<byte> segment = packet[headerSize..length];
        int dataOffset = (segment[12] >> 4) * 4;
        if (dataOffset < TcpSize || dataOffset > segment.Length || BinaryPrimitives.ReadUInt16BigEndian(segment[2..]) != Port || Checksum(SumOfTcp(address, segment)) != 0)
        {
            return;
        }

        TcpSegment said = new(
            (TcpFlags)segment[13], BinaryPrimitives.ReadUInt32BigEndian(segment[4..]), BinaryPrimitives.ReadUInt32BigEndian(segment[8..]), BinaryPrimitives.ReadUInt16BigEndian(segment[14..]));
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(segment);
        if (said.Flags == TcpFlags.Syn)
        {
            mac.CopyTo(_guestMac);
            address.CopyTo(_guestAddress);
            _guestPort = port;
            (_service as IDisposable)?.Dispose();
            _service = accept();
            _connection = new TcpConnection(said, Math.Min(MostData, SegmentSizeIn(segment[TcpSize..dataOffset])), _service, Transmit);
        }
        else if (port == _guestPort && address.SequenceEqual(_guestAddress))
        {
            _connection?.Receive(said, segment[dataOffset..]);
        }
    }

    private static int SegmentSizeIn(ReadOnlySpan<byte> options)
    {
        while (options.Length >= 2 && options[0] != 0)
        {
            int size = options[0] == 1 ? 1 : options[1];
            if (size == 0 || size > options.Length)
            {
                break;
            }

            if (options[0] == SegmentSizeOption && size == SegmentSizeOptionSize)
            {
                return Math.Max(1, (int)BinaryPrimitives.ReadUInt16BigEndian(options[2..]));
            }

            options = options[size..];
        }

        return DefaultSegmentSize;
    }

    private void Transmit(TcpSegment said, ReadOnlySpan<byte> data)
    {
        Span<byte> packet = Ethernet(_guestMac, EtherTypeIp);
        int headerSize = TcpSize + (said.Flags.HasFlag(TcpFlags.Syn) ? SegmentSizeOptionSize : 0);
        int length = IpSize + headerSize + data.Length;
        Span<byte> segment = packet[IpSize..length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], _guestPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], said.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], said.Acknowledgment);
        segment[12] = (byte)(headerSize / 4 << 4);
        segment[13] = (byte)said.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], said.Window);
        segment[16..TcpSize].Clear();
        if (headerSize > TcpSize)
        {
            segment[TcpSize] = SegmentSizeOption;
            segment[TcpSize + 1] = SegmentSizeOptionSize;
            BinaryPrimitives.WriteUInt16BigEndian(segment[(TcpSize + 2)..], MostData);
        }

        data.CopyTo(segment[headerSize..]);
        BinaryPrimitives.WriteUInt16BigEndian(segment[16..], Checksum(SumOfTcp(_guestAddress, segment)));

        Span<byte> header = packet[..IpSize];
        header.Clear();
        header[0] = 0x45; // version 4, five words
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
        header[6] = 0x40; // Don't Fragment
        header[8] = 64; // Time to Live
        header[9] = ProtocolTcp;
        OwnAddress.CopyTo(header[12..]);
        _guestAddress.CopyTo(header[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum(Sum(header)));
        _sink?.Receive(_frame.AsSpan(0, EthernetSize + length));
    }

    // What is to follow the header.
    private Span<byte> Ethernet(ReadOnlySpan<byte> mac, ushort type)
    {
        mac.CopyTo(_frame);
        OwnMac.CopyTo(_frame, MacSize);
        BinaryPrimitives.WriteUInt16BigEndian(_frame.AsSpan(12), type);
        return _frame.AsSpan(EthernetSize);
    }

    // With the pseudo header, in which the order of the two addresses makes no difference.
    private static ulong SumOfTcp(ReadOnlySpan<byte> guestAddress, ReadOnlySpan<byte> segment) => Sum(guestAddress) + Sum(OwnAddress) + ProtocolTcp + (ulong)segment.Length + Sum(segment);

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length >= sizeof(uint); bytes = bytes[sizeof(uint)..])
        {
            sum += BinaryPrimitives.ReadUInt32BigEndian(bytes);
        }

        for (; bytes.Length >= sizeof(ushort); bytes = bytes[sizeof(ushort)..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    // RFC 1071: the complement of the sum in ones' complement; 0 over what has the right one in it.
    private static ushort Checksum(ulong sum)
    {
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
