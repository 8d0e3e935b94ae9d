using System.Buffers.Binary;
using System.Security.Cryptography;
using CoveJit.Cli.Comparison;
using CoveJit.Cli.Comparison.Peer;
using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Cli.Tests;

/// <summary>The peer on the network of <c>covejit compare io --device net</c>: ARP, TCP, the memory's requests, TLS, and what a hostile guest may send.</summary>
public sealed class PeerTests
{
    private const ulong Read = 0;
    private const ulong Write = 1;

    [Fact]
    public void It_says_who_has_its_address_and_nobody_elses()
    {
        using Client client = new(new byte[16]);
        byte[] asked = Client.Arp(10, 0, 2, 2);
        byte[] answer = Assert.Single(client.Send(asked));
        Assert.Equal(asked[6..12], answer[..6]);
        Assert.Equal(answer[6..12], answer[22..28]);
        Assert.Equal([0, 2], answer[20..22]);
        Assert.Equal([10, 0, 2, 2], answer[28..32]);
        Assert.Equal(asked[22..32], answer[32..42]);
        Assert.Empty(client.Send(Client.Arp(10, 0, 2, 3)));
    }

    [Fact]
    public void What_was_written_is_read_again_and_is_in_its_memory()
    {
        byte[] memory = new byte[10_000];
        byte[] data = RandomNumberGenerator.GetBytes(5000);
        using Client client = new(memory);
        client.Connect();
        client.Say([.. Request(Write, 4096, data.Length), .. data]);
        Assert.Equal(BitConverter.GetBytes(4096UL), client.Take(8));
        Assert.Equal(data, memory.AsSpan(4096, data.Length).ToArray());
        Assert.Equal(0, memory[4095]);
        client.Say([.. Request(Read, 4096, data.Length), .. Request(Read, 0, 3)]);
        Assert.Equal((byte[])[.. data, 0, 0, 0], client.Take(data.Length + 3));
    }

    // 45 segments of 1460 bytes are what a window without scaling has room for: the queues on the way have 64.
    [Fact]
    public void No_more_is_under_way_than_the_guest_has_room_for()
    {
        byte[] memory = RandomNumberGenerator.GetBytes(200_000);
        using Client client = new(memory);
        client.Connect();
        List<byte[]> first = client.SayOnly(Request(Read, 0, memory.Length));
        Assert.Equal(44, first.Count);
        Assert.Equal(memory, client.Take(memory.Length, first));
    }

    [Fact]
    public void Every_second_segment_is_acknowledged_and_one_that_ends_a_message_at_once()
    {
        using Client client = new(new byte[1 << 20]);
        client.Connect();
        Assert.Empty(client.SayOnly(Request(Write, 0, 100_000), TcpFlags.Ack));
        Assert.Single(client.SayOnly(new byte[1000], TcpFlags.Ack));
        Assert.Single(client.SayOnly(new byte[1000], TcpFlags.Ack | TcpFlags.Psh));
    }

    [Fact]
    public void A_segment_that_comes_twice_or_too_early_counts_once()
    {
        byte[] memory = new byte[64];
        using Client client = new(memory);
        client.Connect();
        byte[] first = [.. Request(Write, 0, 16), .. Enumerable.Repeat((byte)1, 8)];
        client.SayOnly(first);
        client.Sequence -= (uint)first.Length;
        Assert.Equal(client.Sequence + (uint)first.Length, Acknowledged(Assert.Single(client.SayOnly(first))));
        client.Sequence += 8;
        Assert.Equal(client.Sequence - 8, Acknowledged(Assert.Single(client.SayOnly(Enumerable.Repeat((byte)3, 8).ToArray()))));
        client.Sequence -= 16;
        client.Say(Enumerable.Repeat((byte)2, 8).ToArray());
        client.Take(8);
        Assert.Equal([.. Enumerable.Repeat((byte)1, 8), .. Enumerable.Repeat((byte)2, 8), .. new byte[48]], memory);
    }

    [Theory]
    [InlineData(2, 0, 8)] // no such kind
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 65)]
    [InlineData(1, 60, 8)]
    [InlineData(1, ulong.MaxValue, 8)]
    [InlineData(0, 8, ulong.MaxValue)]
    public void A_request_that_makes_no_sense_resets_the_connection(ulong kind, ulong offset, ulong size)
    {
        byte[] memory = new byte[64];
        using Client client = new(memory);
        client.Connect();
        byte[] request = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(request, kind);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(16), size);
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, FlagsOf(Assert.Single(client.SayOnly(request))));
        Assert.Empty(client.SayOnly(Request(Read, 0, 8)));
        client.Connect();
        client.Say(Request(Read, 0, 8));
        Assert.Equal(new byte[8], client.Take(8));
    }

    [Fact]
    public void More_requests_than_can_be_under_way_reset_the_connection()
    {
        using Client client = new(new byte[1 << 20]) { Window = 0 };
        client.Connect();
        byte[][] answers = [.. Enumerable.Range(0, 65).SelectMany(_ => client.SayOnly(Request(Read, 0, 8)))];
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, FlagsOf(answers[^1]));
        Assert.Equal(1, answers.Count(answer => FlagsOf(answer).HasFlag(TcpFlags.Rst)));
    }

    [Fact]
    public void The_end_is_answered_with_an_end()
    {
        using Client client = new(new byte[8]);
        client.Connect();
        Assert.Equal(TcpFlags.Fin | TcpFlags.Ack, FlagsOf(Assert.Single(client.SayOnly([], TcpFlags.Fin | TcpFlags.Ack))));
    }

    [Fact]
    public void A_frame_with_a_wrong_checksum_is_dropped_and_any_other_one_harms_nobody()
    {
        using Client client = new(new byte[64]);
        client.Connect();
        byte[] good = client.Frame(TcpFlags.Ack | TcpFlags.Psh, Request(Read, 0, 8));
        byte[] bad = [.. good];
        bad[^1] ^= 1;
        Assert.Empty(client.Send(bad));
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = [.. good.AsSpan(0, random.Next(good.Length + 1))];
            for (int flips = random.Next(4); flips > 0 && frame.Length > 0; flips--)
            {
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            }

            client.Send(frame);
        }

        client.Connect();
        client.Say(Request(Read, 0, 8));
        Assert.Equal(new byte[8], client.Take(8));
    }

    // Against an independent reading of RFC 8446: this side of the records is written here.
    [Fact]
    public void With_TLS_records_are_opened_and_sealed()
    {
        byte[] memory = RandomNumberGenerator.GetBytes(40_000);
        byte[] key = RandomNumberGenerator.GetBytes(TlsRecords.KeySize);
        byte[] nonces = RandomNumberGenerator.GetBytes(24);
        using TlsRecords records = new(new PeerMemory(memory), key);
        Assert.Equal(0, records.Send(new byte[100]));
        byte[] said = [.. nonces, .. Seal(key, nonces[..12], 0, Request(Write, 0, 8)), .. Seal(key, nonces[..12], 1, [1, 2, 3, 4, 5, 6, 7, 8]), .. Seal(key, nonces[..12], 2, Request(Read, 0, 20_000))];
        foreach (byte[] part in said.Chunk(7))
        {
            Assert.True(records.TryReceive(part));
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], memory[..8]);
        List<byte> answered = [];
        byte[] buffer = new byte[1460];
        for (int size; (size = records.Send(buffer)) > 0;)
        {
            answered.AddRange(buffer[..size]);
        }

        List<byte> opened = [];
        byte[] all = [.. answered];
        for (ulong number = 0; all.Length > 0; number++)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(all.AsSpan(3));
            byte[] content = new byte[length - 16];
            using AesGcm cipher = new(key, 16);
            cipher.Decrypt(Nonce(nonces[12..], number), all.AsSpan(5, content.Length), all.AsSpan(5 + content.Length, 16), content, all.AsSpan(0, 5));
            Assert.Equal(23, content[^1]);
            opened.AddRange(content[..^1]);
            all = all[(5 + length)..];
        }

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, .. memory[..20_000]], opened);
    }

    [Fact]
    public void Without_the_key_nothing_is_said_or_written()
    {
        byte[] memory = new byte[64];
        byte[] key = RandomNumberGenerator.GetBytes(TlsRecords.KeySize);
        byte[] nonces = new byte[24];
        byte[] right = Seal(key, nonces[..12], 0, [.. Request(Write, 0, 8), 1, 1, 1, 1, 1, 1, 1, 1]);
        Assert.False(Takes([.. Request(Write, 0, 8), .. new byte[8]])); // in the clear
        Assert.False(Takes(Seal(RandomNumberGenerator.GetBytes(TlsRecords.KeySize), nonces[..12], 0, Request(Write, 0, 8))));
        Assert.False(Takes([.. right[..^1], (byte)(right[^1] ^ 1)]));
        Assert.False(Takes([23, 3, 3, 0, 16, .. new byte[16]]));
        Assert.False(Takes([23, 3, 3, 0xFF, 0xFF]));
        Assert.False(Takes([.. right, .. right])); // said again
        Assert.Equal(1, memory[0]);

        bool Takes(byte[] said)
        {
            using TlsRecords records = new(new PeerMemory(memory), key);
            return records.TryReceive(nonces) && records.TryReceive(said);
        }
    }

    private static byte[] Request(ulong kind, int offset, int size) => [.. BitConverter.GetBytes(kind), .. BitConverter.GetBytes((ulong)offset), .. BitConverter.GetBytes((ulong)size)];

    private static byte[] Nonce(byte[] first, ulong number) => [.. first[..11], (byte)(first[11] ^ number)];

    private static byte[] Seal(byte[] key, byte[] nonce, ulong number, byte[] content)
    {
        byte[] header = [23, 3, 3, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)(content.Length + 17));
        byte[] sealedContent = new byte[content.Length + 1];
        byte[] tag = new byte[16];
        using AesGcm cipher = new(key, 16);
        byte[] plain = [.. content, 23];
        cipher.Encrypt(Nonce(nonce, number), plain, sealedContent, tag, header);
        return [.. header, .. sealedContent, .. tag];
    }

    private static uint Acknowledged(byte[] frame) => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(42));

    private static TcpFlags FlagsOf(byte[] frame) => (TcpFlags)frame[47];

    /// <summary>A guest's side of the cable, with a TCP of its own that loses nothing.</summary>
    private sealed class Client : IFrameSink, IDisposable
    {
        private const int Headers = 54;

        private readonly TcpPeer _peer;
        private readonly List<byte[]> _received = [];
        private readonly List<byte[]> _answers = [];
        private uint _expected;
        private ushort _port = 40_000;

        public Client(byte[] memory)
        {
            _peer = new TcpPeer(() => new PeerMemory(memory));
            _peer.Connect(this);
        }

        public void Dispose() => _peer.Dispose();

        public ushort Window { get; set; } = ushort.MaxValue;

        public uint Sequence { get; set; } = uint.MaxValue - 10;

        public void Receive(ReadOnlySpan<byte> frame) => _received.Add(frame.ToArray());

        public List<byte[]> Send(byte[] frame)
        {
            _received.Clear();
            _peer.Send(frame);
            return [.. _received];
        }

        public static byte[] Arp(params byte[] address) =>
            [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, .. address];

        public void Connect()
        {
            _port++;
            byte[] answer = Assert.Single(Send(Frame(TcpFlags.Syn, [])));
            Sequence++;
            Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, FlagsOf(answer));
            Assert.Equal(Sequence, Acknowledged(answer));
            _expected = BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(38)) + 1;
        }

        // Says something, and gives back the frames that answer.
        public List<byte[]> SayOnly(byte[] data, TcpFlags flags = TcpFlags.Ack | TcpFlags.Psh)
        {
            List<byte[]> answers = Send(Frame(flags, data));
            Sequence += (uint)data.Length;
            return answers;
        }

        public void Say(byte[] data)
        {
            foreach (byte[] part in data.Chunk(1460))
            {
                _answers.AddRange(SayOnly(part));
            }
        }

        // Takes bytes from answers, acknowledging all.
        public byte[] Take(int size, List<byte[]>? first = null)
        {
            _answers.AddRange(first ?? []);
            List<byte> taken = [];
            while (_answers.Count > 0)
            {
                foreach (byte[] frame in _answers)
                {
                    int length = BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(16)) - 40;
                    Assert.Equal(Headers + length, frame.Length);
                    Assert.Equal(0xFFFF, OnesSum(frame.AsSpan(14, 20)));
                    Assert.Equal(0xFFFF, OnesSum([.. frame[26..34], 0, 6, .. BigEndian(length + 20), .. frame[34..]]));
                    Assert.Equal(_expected, BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(38)));
                    taken.AddRange(frame[Headers..]);
                    _expected += (uint)length;
                }

                _answers.Clear();
                _answers.AddRange(SayOnly([], TcpFlags.Ack));
            }

            Assert.Equal(size, taken.Count);
            return [.. taken];
        }

        public byte[] Frame(TcpFlags flags, byte[] data)
        {
            bool isSyn = flags == TcpFlags.Syn;
            byte[] options = isSyn ? [1, 2, 4, 0x05, 0xB4, 0, 0, 0] : [];
            byte[] tcp =
            [
                .. BigEndian(_port), .. BigEndian(TcpPeer.Port), .. BigEndian(Sequence), .. BigEndian(isSyn ? 0 : _expected), (byte)((20 + options.Length) << 2), (byte)flags,
                .. BigEndian(Window), 0, 0, 0, 0, .. options, .. data,
            ];
            BigEndian((ushort)~OnesSum([10, 0, 2, 15, 10, 0, 2, 2, 0, 6, .. BigEndian((ushort)tcp.Length), .. tcp])).CopyTo(tcp, 16);
            byte[] ip = [0x45, 0, .. BigEndian((ushort)(20 + tcp.Length)), 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2];
            BigEndian((ushort)~OnesSum(ip)).CopyTo(ip, 10);
            return [0x52, 0x55, 10, 0, 2, 2, 2, 0, 0, 0, 0, 1, 8, 0, .. ip, .. tcp];
        }

        private static byte[] BigEndian(int number) => BigEndian((ushort)number);

        private static byte[] BigEndian(ushort number) => [(byte)(number >> 8), (byte)number];

        private static byte[] BigEndian(uint number) => [.. BigEndian((ushort)(number >> 16)), .. BigEndian((ushort)number)];

        // Of words, byte by byte; 0xFFFF over what holds its own checksum.
        private static ushort OnesSum(ReadOnlySpan<byte> bytes)
        {
            int sum = 0;
            for (int i = 0; i < bytes.Length; i++)
            {
                sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
                sum = (sum & 0xFFFF) + (sum >> 16);
            }

            return (ushort)sum;
        }
    }
}
