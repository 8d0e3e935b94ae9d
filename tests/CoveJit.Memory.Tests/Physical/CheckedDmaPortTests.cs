using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Physical;

public sealed class CheckedDmaPortTests : IDisposable, IDmaChecker
{
    private const ulong Base = 0x8000_0000;
    private const int Requester = 5;

    private readonly GuestRam _ram = new(Base, 0x4000);
    private readonly CheckedDmaPort _port;
    private readonly List<(ulong Address, int Length, AccessType Access)> _asked = [];
    private Func<ulong, DmaVerdict> _verdict = _ => DmaVerdict.Pass;

    public CheckedDmaPortTests()
    {
        _port = new CheckedDmaPort(new RamDmaPort(_ram), this, Requester);
    }

    DmaVerdict IDmaChecker.Check(int requester, ulong address, int length, AccessType access)
    {
        Assert.Equal(Requester, requester);
        _asked.Add((address, length, access));
        return _verdict(address);
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void An_access_is_judged_page_by_page()
    {
        byte[] data = [.. Enumerable.Range(0, 0x1010).Select(i => (byte)(i | 1))];
        Assert.True(_port.TryWrite(Base + 0xFF8, data));
        byte[] back = new byte[data.Length];
        Assert.True(_port.TryRead(Base + 0xFF8, back));
        Assert.Equal(data, back);
        Assert.Equal([(Base + 0xFF8, 8, AccessType.Write), (Base + 0x1000, 0x1000, AccessType.Write), (Base + 0x2000, 8, AccessType.Write)], _asked.Take(3));
        Assert.Equal((Base + 0x2000, 8, AccessType.Read), _asked[^1]);
    }

    [Fact]
    public void An_atomic_operation_is_judged_as_a_read_and_a_write()
    {
        Assert.True(_port.TryCompareExchange(Base + 0x100, 0, 7, out bool exchanged) && exchanged);
        Assert.Equal([(Base + 0x100, 8, AccessType.Read), (Base + 0x100, 8, AccessType.Write)], _asked);
        _verdict = _ => DmaVerdict.Refuse;
        Assert.False(_port.TryCompareExchange(Base + 0x100, 7, 8, out exchanged) || exchanged);
        Assert.False(_port.TryCompareExchange(Base + 0x101, 7, 8, out _));
        byte[] value = new byte[8];
        Assert.True(_ram.TryRead(Base + 0x100, value));
        Assert.Equal(7, value[0]);
    }

    [Fact]
    public void What_is_refused_reaches_no_memory()
    {
        _verdict = address => address >= Base + 0x1000 ? DmaVerdict.Refuse : DmaVerdict.Pass;
        Assert.False(_port.TryWrite(Base + 0xFFF, [1, 2]));
        byte[] seen = new byte[2];
        Assert.True(_ram.TryRead(Base + 0xFFF, seen));
        Assert.Equal([1, 0], seen);
        Assert.False(_port.TryRead(Base + 0x1000, seen));
    }

    [Fact]
    public void What_is_discarded_reads_as_zero_and_changes_nothing()
    {
        _ram.TryWrite(Base, [9]);
        _verdict = _ => DmaVerdict.Discard;
        byte[] seen = [7];
        Assert.True(_port.TryWrite(Base, [1]));
        Assert.True(_port.TryRead(Base, seen));
        Assert.Equal([0], seen);
        Assert.True(_port.TryRead(ulong.MaxValue, seen)); // memory is not even asked
        Assert.True(_ram.TryRead(Base, seen));
        Assert.Equal([9], seen);
    }

    [Fact]
    public void Outside_memory_what_passes_is_refused_there()
    {
        Assert.False(_port.TryWrite(Base + 0x3FFF, [1, 2]));
        Assert.False(_port.TryRead(ulong.MaxValue - 1, new byte[16]));
    }
}
