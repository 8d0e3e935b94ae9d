using System.Buffers.Binary;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Doe;

/// <summary>DOE as software sees it: registers, discovery, errors.</summary>
public sealed class DoeMailboxTests : IDisposable
{
    private const uint Go = 1u << 31;
    private const uint Ready = 1u << 31;
    private const uint Error = 4;
    private const uint Interrupt = 2;

    private readonly TestDevice _device = new();
    private readonly DoeMailbox _mailbox;
    private int _interrupts;

    public DoeMailboxTests() => _mailbox = new DoeMailbox(new DoeResponder(_device.Responder).Respond, limit: 4096, interrupt: () => _interrupts++);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Discovery_lists_the_protocols()
    {
        List<uint> found = [];
        byte index = 0;
        do
        {
            byte[] response = Exchange(new DataObject { Payload = new DiscoveryRequest { Index = index }.Encode() }.Encode());
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(response.AsSpan(DataObject.HeaderSize));
            found.Add(word & 0xFFFFFF);
            index = (byte)(word >> 24);
        }
        while (index != 0);

        Assert.Equal([0x000001u, 0x010001u, 0x020001u], found);
    }

    [Fact]
    public void A_message_goes_in_and_the_answer_comes_out_word_by_word()
    {
        byte[] request = DataObject.From(new SpdmPacket(false, new GetVersion().Encode())).Encode();

        byte[] response = Exchange(request);

        Assert.True(DataObject.TryDecode(response, out DataObject? answer, out _));
        Assert.Equal(Convert.FromHexString("1004000000010012"), answer.Payload);
        Assert.Equal(0u, _mailbox.Read(DoeMailbox.StatusOffset) & (Ready | Error));
    }

    [Fact]
    public void An_interrupt_comes_with_the_answer_if_it_is_enabled()
    {
        byte[] request = DataObject.From(new SpdmPacket(false, new GetVersion().Encode())).Encode();
        Exchange(request);
        Assert.Equal(0, _interrupts);
        Assert.Equal(1u, _mailbox.Read(DoeMailbox.CapabilitiesOffset));

        _mailbox.Write(DoeMailbox.ControlOffset, Interrupt);
        Assert.Equal(Interrupt, _mailbox.Read(DoeMailbox.ControlOffset));
        Send(request, Go | Interrupt);
        Assert.Equal(1, _interrupts);
        Assert.Equal(Interrupt, _mailbox.Read(DoeMailbox.StatusOffset) & Interrupt);
        _mailbox.Write(DoeMailbox.StatusOffset, Interrupt);
        Assert.Equal(0u, _mailbox.Read(DoeMailbox.StatusOffset) & Interrupt);
    }

    [Theory]
    [InlineData("01000100")] // Too short for a header.
    [InlineData("0100010004000000")] // The length is not the number of words.
    [InlineData("010005000300000000000000")] // No such protocol.
    [InlineData("341201000300000000000000")] // No such vendor.
    [InlineData("010000000300000007000000")] // Discovery of an index that is not there.
    [InlineData("")]
    public void What_cannot_be_answered_is_an_error_until_it_is_aborted(string hex)
    {
        Send(Convert.FromHexString(hex));

        Assert.Equal(Error, _mailbox.Read(DoeMailbox.StatusOffset) & (Ready | Error));
        Assert.Equal(0u, _mailbox.Read(DoeMailbox.ReadOffset));
        _mailbox.Write(DoeMailbox.WriteOffset, 1);
        Assert.Equal(Error, _mailbox.Read(DoeMailbox.StatusOffset) & (Ready | Error));
        _mailbox.Write(DoeMailbox.ControlOffset, 1);
        Assert.Equal(0u, _mailbox.Read(DoeMailbox.StatusOffset) & (Ready | Error));
        A_message_goes_in_and_the_answer_comes_out_word_by_word();
    }

    [Fact]
    public void A_request_that_never_ends_is_an_error()
    {
        for (int i = 0; i < 5000; i++)
        {
            _mailbox.Write(DoeMailbox.WriteOffset, 1);
        }

        Assert.Equal(Error, _mailbox.Read(DoeMailbox.StatusOffset) & Error);
    }

    [Fact]
    public void The_largest_object_has_a_length_of_zero()
    {
        DataObject largest = new() { Payload = new byte[DataObject.MaxSize - DataObject.HeaderSize] };

        byte[] bytes = largest.Encode();

        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)));
        Assert.True(DataObject.TryDecode(bytes, out _, out _));
        Assert.Equal(DataObject.MaxSize, DataObject.SizeOf(0));
    }

    private byte[] Exchange(byte[] request)
    {
        Send(request);
        List<byte> response = [];
        while ((_mailbox.Read(DoeMailbox.StatusOffset) & Ready) != 0)
        {
            byte[] word = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(word, _mailbox.Read(DoeMailbox.ReadOffset));
            response.AddRange(word);
            _mailbox.Write(DoeMailbox.ReadOffset, 0);
        }

        return [.. response];
    }

    private void Send(byte[] request, uint control = Go)
    {
        for (int i = 0; i < request.Length; i += 4)
        {
            _mailbox.Write(DoeMailbox.WriteOffset, BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(i)));
        }

        _mailbox.Write(DoeMailbox.ControlOffset, control);
    }
}
