using System.Buffers.Binary;
using System.Text;
using CoveJit.Machines.Htif;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Tests.Loading;

namespace CoveJit.Machines.Tests.Htif;

public sealed class HtifTests
{
    private const ulong ToHost = 0x80001000;
    private const ulong FromHost = 0x80001040;
    private const ulong Record = 0x80002000;
    private const ulong Text = 0x80003000;

    private readonly FakeMemory _memory = new(1 << 16);
    private readonly StringBuilder _console = new();
    private readonly HtifProtocol _htif;

    public HtifTests() => _htif = new HtifProtocol(_memory, ToHost, FromHost, bytes => _console.Append(Encoding.ASCII.GetString(bytes.Span)));

    [Theory]
    [InlineData(1UL, 0)]
    [InlineData(3UL, 1)]
    [InlineData((1337UL << 1) | 1, 1337)]
    public void An_odd_payload_ends_the_test(ulong value, int code) => Assert.Equal(HtifAction.Exit(code), _htif.Handle(value));

    [Fact]
    public void Zero_is_no_request()
    {
        Put(FromHost, 5);
        Assert.Equal(HtifAction.Continue, _htif.Handle(0));
        Assert.Equal(5UL, Get(FromHost));
    }

    [Fact]
    public void A_character_is_printed_and_acknowledged()
    {
        Put(ToHost, 1);
        Assert.Equal(HtifAction.Continue, _htif.Handle((1UL << 56) | (1UL << 48) | 'A'));
        Assert.Equal("A", _console.ToString());
        Assert.Equal(0UL, Get(ToHost));
        Assert.Equal((1UL << 56) | (1UL << 48), Get(FromHost));
    }

    [Fact]
    public void The_write_system_call_prints_and_returns_its_length()
    {
        _memory.TryWrite(Text, "hello\n"u8);
        Assert.Equal(HtifAction.Continue, Call(64, 1, Text, 6));
        Assert.Equal("hello\n", _console.ToString());
        Assert.Equal(6UL, Get(Record));
        Assert.Equal(0UL, Get(ToHost));
        Assert.Equal(1UL, Get(FromHost));
    }

    [Theory]
    [InlineData(64UL, 7UL, Text, 6UL, -9)]
    [InlineData(64UL, 1UL, 0UL, 6UL, -14)]
    [InlineData(64UL, 1UL, Text, ulong.MaxValue, -14)]
    [InlineData(1024UL, 1UL, Text, 6UL, -38)]
    public void A_bad_system_call_fails_as_linux_would(ulong number, ulong a0, ulong a1, ulong a2, long expected)
    {
        Assert.Equal(HtifAction.Continue, Call(number, a0, a1, a2));
        Assert.Equal(expected, (long)Get(Record));
        Assert.Equal(1UL, Get(FromHost));
    }

    [Fact]
    public void The_exit_system_call_ends_the_test() => Assert.Equal(HtifAction.Exit(3), Call(93, 3, 0, 0));

    [Theory]
    [InlineData(0UL)]
    [InlineData(0xffff_ffff_fff8UL)]
    [InlineData((1UL << 56) | 4)]
    [InlineData(0xff00_0000_0000_0001)]
    public void Nonsense_is_taken_and_the_guest_goes_on(ulong value) => Assert.Equal(HtifAction.Continue, _htif.Handle(value));

    [Theory]
    [InlineData(4, "04030201\n08070605\n00000a09\n")]
    [InlineData(8, "0807060504030201\n0000000000000a09\n")]
    public void A_signature_is_written_as_the_reference_models_write_it(int granularity, string expected)
    {
        _memory.TryWrite(0x80004000, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        SymbolTable symbols = ElfFile.Parse(Samples.File(Samples.SmallElf(("begin_signature", 0x80004000, 0), ("end_signature", 0x8000400a, 0)))).Symbols;
        StringWriter output = new();
        SignatureWriter.Write(symbols, _memory, granularity, output);
        Assert.Equal(expected, output.ToString());
    }

    [Theory]
    [InlineData(0x80004000UL, 0x80003000UL)]
    [InlineData(0UL, 0x7000_0000_0000_0000UL)]
    [InlineData(0UL, 16UL)]
    public void A_signature_that_makes_no_sense_is_refused(ulong begin, ulong end)
    {
        SymbolTable symbols = ElfFile.Parse(Samples.File(Samples.SmallElf(("begin_signature", begin, 0), ("end_signature", end, 0)))).Symbols;
        Assert.Throws<LoadException>(() => SignatureWriter.Write(symbols, _memory, 4, new StringWriter()));
        Assert.Throws<LoadException>(() => SignatureWriter.Write(SymbolTable.Empty, _memory, 4, new StringWriter()));
    }

    private HtifAction Call(params ulong[] words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            Put(Record + ((ulong)i * 8), words[i]);
        }

        Put(ToHost, Record);
        return _htif.Handle(Record);
    }

    private void Put(ulong address, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Assert.True(_memory.TryWrite(address, bytes));
    }

    private ulong Get(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(_memory.At(address, 8));
}
