using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Tdisp;

namespace CoveJit.Devices.Tests.Pcie.Security;

/// <summary>IDE between a port and its device, and what somebody with the wire in hand can do to it.</summary>
public sealed class IdeLinkTests
{
    private const ulong Buffer = 0x8000_1000;
    private const uint Failed = 0x8000_0000;

    private static readonly byte[] Pattern = [.. Enumerable.Range(0, 1200).Select(i => (byte)(i * 7))];

    [Theory]
    [InlineData(IdeLinkMode.Functional)]
    [InlineData(IdeLinkMode.Counted)]
    public async Task Data_arrives_in_TLPs_with_the_T_bit(IdeLinkMode mode)
    {
        using TeeWorld world = new(mode);
        await world.RunAsync();
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern));
        byte[] read = new byte[Pattern.Length];
        Assert.True(world.Function.Dma.TryRead(Buffer, read));
        Assert.Equal(Pattern, read);
        Assert.Equal((9L, 2400L), (world.Link.Tlps, world.Link.Bytes)); // 3 writes, 3 reads, 3 completions
        Assert.Equal(2u, world.DeviceStatus);
        Assert.Equal(2u, world.PortStatus);
    }

    [Fact]
    public async Task The_wire_shows_no_data_and_never_the_same_twice()
    {
        using TeeWorld world = new();
        await world.RunAsync();
        Wire wire = new();
        world.Link.Interposer = wire;
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern.AsSpan(0, 64)));
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern.AsSpan(0, 64)));
        Assert.NotEqual(Pattern[..64], wire.Seen[0].Data);
        Assert.NotEqual(wire.Seen[0].Data, wire.Seen[1].Data);
        Assert.NotEqual(wire.Seen[0].Mac, wire.Seen[1].Mac);
    }

    [Theory]
    [InlineData("data")]
    [InlineData("header")]
    [InlineData("mac")]
    [InlineData("replay")]
    [InlineData("drop")]
    public async Task What_an_interposer_does_to_a_write_makes_the_ports_end_insecure(string what)
    {
        using TeeWorld world = new();
        await world.RunAsync();
        Wire wire = new();
        world.Link.Interposer = wire;
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern.AsSpan(0, 64)));
        wire.Change = tlp =>
        {
            switch (what)
            {
                case "data":
                    tlp.Data[5] ^= 1;
                    return tlp;
                case "header":
                    tlp.Header[20] ^= 1; // the address
                    return tlp;
                case "mac":
                    tlp.Mac[0] ^= 1;
                    return tlp;
                case "replay":
                    return wire.Seen[0];
                default:
                    return null;
            }
        };
        byte[] other = new byte[64];
        Assert.False(world.Function.Dma.TryWrite(Buffer, other));
        wire.Change = null;
        Assert.False(world.Function.Dma.TryWrite(Buffer, other)); // after a drop the next one shows it
        Assert.Equal(Failed, world.PortStatus);
        Assert.Equal(Failed, world.DeviceStatus); // which is told
        Assert.Equal(TdispState.Error, world.Manager.State);
        byte[] memory = new byte[64];
        Assert.True(world.Host.Ram.TryRead(Buffer, memory));
        Assert.Equal(Pattern[..64], memory);
    }

    [Fact]
    public async Task A_changed_completion_is_not_taken_and_leads_the_interface_to_ERROR()
    {
        using TeeWorld world = new();
        await world.RunAsync();
        world.Link.Interposer = new Wire
        {
            Change = tlp =>
            {
                if (tlp.ToDevice)
                {
                    tlp.Data[0] ^= 1;
                }

                return tlp;
            },
        };
        byte[] read = new byte[16];
        Assert.True(world.Host.Ram.TryWrite(Buffer, Pattern.AsSpan(0, 16)));
        Assert.False(world.Function.Dma.TryRead(Buffer, read));
        Assert.Equal(new byte[16], read);
        Assert.Equal(Failed, world.DeviceStatus);
        Assert.Equal(TdispState.Error, world.Manager.State);
    }

    [Theory]
    [InlineData(IdeLinkMode.Functional)]
    [InlineData(IdeLinkMode.Counted)]
    public async Task Without_keys_at_both_ends_an_enabled_stream_carries_nothing(IdeLinkMode mode)
    {
        using TeeWorld world = new(mode);
        await world.EstablishStreamAsync(await world.StartSessionAsync());
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern));
        lock (world.PortEnd.Gate)
        {
            world.PortEnd.Keys.Clear(TeeWorld.Stream);
        }

        Assert.False(world.Function.Dma.TryWrite(Buffer, Pattern));
    }

    [Theory]
    [InlineData(IdeLinkMode.Functional)]
    [InlineData(IdeLinkMode.Counted)]
    public async Task Keys_change_one_by_one_while_requests_pass(IdeLinkMode mode)
    {
        using TeeWorld world = new(mode);
        await world.RunAsync();
        SeededRandomSource random = TeeWorld.Random("new");
        List<(IdeKeyTable Table, IdeKeyId Id)> ends = [];
        foreach (IdeKeyId id in IdeKeyId.Of(TeeWorld.Stream, 1, IdeDirection.Receive))
        {
            foreach ((IdePort receiver, IdePort sender) in new[] { (world.PortEnd, world.Manager.Port), (world.Manager.Port, world.PortEnd) })
            {
                byte[] bytes = new byte[40];
                random.Fill(bytes);
                ends.Insert(0, (receiver.Keys, id)); // receivers first
                ends.Add((sender.Keys, id with { Direction = IdeDirection.Transmit }));
                Assert.All(ends.TakeLast(1).Concat(ends.Take(1)), end => Assert.True(end.Table.TryProgram(end.Id, new IdeKey(bytes.AsSpan(0, 32), bytes.AsSpan(32)))));
            }
        }

        void Pass()
        {
            byte[] read = new byte[Pattern.Length];
            Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern));
            Assert.True(world.Function.Dma.TryRead(Buffer, read));
            Assert.Equal(Pattern, read);
        }

        foreach ((IdeKeyTable table, IdeKeyId id) in ends)
        {
            Assert.True(table.TryGo(id));
            Pass();
        }

        foreach ((IdeKeyTable table, IdeKeyId id) in Enumerable.Reverse(ends)) // transmitters first
        {
            Assert.True(table.TryStop(id with { KeySet = 0 }));
            Pass();
        }

        Assert.Equal(TdispState.Run, world.Manager.State);
    }

    [Fact]
    public async Task A_port_takes_the_T_bit_of_its_streams_requesters_only()
    {
        using TeeWorld world = new();
        await world.RunAsync();
        Assert.True(world.Link.TryWrite(new PcieRequest(new RequesterId(1, 0, 0), Trusted: true), Buffer, Pattern));
        Assert.False(world.Link.TryWrite(new PcieRequest(new RequesterId(2, 0, 0), Trusted: true), Buffer, Pattern));
    }

    [Fact]
    public async Task A_ports_registers_are_not_softwares()
    {
        using TeeWorld world = new();
        await world.RunAsync();
        for (int offset = 4; offset < 0x20; offset += 4)
        {
            world.Host.Write(0, 1, 0, world.PortIde + offset, 0);
            Assert.Equal(uint.MaxValue, world.Host.Read(0, 1, 0, world.PortIde + offset));
        }

        Assert.True(world.Link.IsSecure);
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern));
    }

    [Fact]
    public void Without_a_stream_requests_pass_but_none_with_the_T_bit()
    {
        using TeeWorld world = new();
        Assert.True(world.Function.Dma.TryWrite(Buffer, Pattern));
        Assert.False(world.Link.TryWrite(new PcieRequest(new RequesterId(1, 0, 0), Trusted: true), Buffer, Pattern));
        Assert.Equal(0, world.Link.Tlps);
    }

    private sealed class Wire : IIdeInterposer
    {
        public List<IdeTlp> Seen { get; } = [];

        public Func<IdeTlp, IdeTlp?>? Change { get; set; }

        public IdeTlp? Pass(IdeTlp tlp)
        {
            Seen.Add(tlp.Copy());
            return Change is null ? tlp : Change(tlp);
        }
    }
}
