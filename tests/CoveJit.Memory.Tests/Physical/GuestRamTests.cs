using CoveJit.Memory.Physical;

namespace CoveJit.Memory.Tests.Physical;

public sealed unsafe class GuestRamTests
{
    private const ulong Base = 0x8000_0000;
    private const ulong Size = 0x4000;

    [Theory]
    [InlineData(Base, 0UL)]
    [InlineData(Base, 0x1001UL)]
    [InlineData(Base + 1, 0x1000UL)]
    [InlineData(Base + 0x800, 0x1000UL)]
    public void RAM_must_be_whole_pages(ulong baseAddress, ulong size) =>
        Assert.Throws<ArgumentException>(() => new GuestRam(baseAddress, size));

    [Theory]
    [InlineData(Base, 1UL, true)]
    [InlineData(Base, Size, true)]
    [InlineData(Base, Size + 1, false)]
    [InlineData(Base + Size - 8, 8UL, true)]
    [InlineData(Base + Size - 7, 8UL, false)]
    [InlineData(Base + Size, 1UL, false)]
    [InlineData(Base - 1, 1UL, false)]
    [InlineData(Base - 1, 2UL, false)]
    [InlineData(Base - 4, 8UL, false)]
    [InlineData(0UL, 1UL, false)]
    [InlineData(ulong.MaxValue, 1UL, false)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, false)]
    [InlineData(Base, ulong.MaxValue, false)]
    [InlineData(Base + 1, ulong.MaxValue, false)]
    public void Contains_is_exact_at_the_edges_and_does_not_wrap(ulong address, ulong length, bool inside)
    {
        using GuestRam ram = new(Base, Size);
        Assert.Equal(inside, ram.Contains(address, length));
    }

    [Fact]
    public void Only_touched_pages_take_host_memory()
    {
        using GuestRam ram = new(Base, Size);
        Assert.Equal(0UL, ram.ResidentBytes);
        ram.TryWrite(Base + 0xFFF, [1, 2]);
        Assert.Equal(0x2000UL, ram.ResidentBytes);
    }

    [Fact]
    public void A_write_that_does_not_fit_writes_nothing()
    {
        using GuestRam ram = new(Base, Size);
        Assert.False(ram.TryWrite(Base + Size - 2, [1, 2, 3]));
        byte[] tail = new byte[2];
        Assert.True(ram.TryRead(Base + Size - 2, tail));
        Assert.Equal(new byte[2], tail);
        Assert.False(ram.TryRead(Base + Size - 1, tail));
        Assert.True(ram.TryWrite(Base + Size - 2, [1, 2]));
        Assert.True(ram.TryRead(Base + Size - 2, tail));
        Assert.Equal([1, 2], tail);
    }

    [Fact]
    public void Flags_belong_to_one_page_and_are_set_and_cleared_bit_by_bit()
    {
        using GuestRam ram = new(Base, Size);
        ram.SetFlags(Base + 0x1FFF, PageFlags.Code);
        ram.SetFlags(Base + 0x1000, PageFlags.HasWriteEntry);
        Assert.Equal(PageFlags.Code | PageFlags.HasWriteEntry, ram.FlagsOf(Base + 0x1800));
        Assert.Equal(PageFlags.None, ram.FlagsOf(Base + 0xFFF));
        Assert.Equal(PageFlags.None, ram.FlagsOf(Base + 0x2000));
        ram.ClearFlags(Base + 0x1004, PageFlags.Code);
        Assert.Equal(PageFlags.HasWriteEntry, ram.FlagsOf(Base + 0x1000));
    }

    [Fact]
    public void Flags_set_by_two_threads_are_both_kept()
    {
        using GuestRam ram = new(Base, Size);
        for (int round = 0; round < 2000; round++)
        {
            ram.ClearFlags(Base, PageFlags.Code | PageFlags.Watched);
            Parallel.Invoke(() => ram.SetFlags(Base, PageFlags.Code), () => ram.SetFlags(Base, PageFlags.Watched));
            Assert.Equal(PageFlags.SlowStores, ram.FlagsOf(Base));
        }
    }

    [Fact]
    public void Observers_hear_of_stores_to_flagged_pages_only_page_by_page()
    {
        using GuestRam ram = new(Base, Size);
        Recorder first = new();
        Recorder second = new();
        ram.AddObserver(first);
        ram.AddObserver(second);
        ram.SetFlags(Base + 0x1000, PageFlags.Code);
        ram.SetFlags(Base + 0x2000, PageFlags.HasWriteEntry); // not a reason to report
        ram.SetFlags(Base + 0x3000, PageFlags.Watched);
        Assert.True(ram.TryWrite(Base + 0xFF0, new byte[0x2020]));
        Assert.Equal([(Base + 0x1000, 0x1000, PageFlags.Code), (Base + 0x3000, 0x10, PageFlags.Watched)], first.Writes);
        Assert.Equal(first.Writes, second.Writes);
    }

    [Fact]
    public void An_observer_is_called_after_the_bytes_are_written()
    {
        using GuestRam ram = new(Base, Size);
        byte seen = 0;
        ram.AddObserver(new Recorder { OnEach = address => seen = *ram.HostAddress(address) });
        ram.SetFlags(Base, PageFlags.Watched);
        Assert.True(ram.TryWrite(Base + 5, [0xAB]));
        Assert.Equal(0xAB, seen);
    }

    // Large host pages are returned to the host, the rest is written.
    [Theory]
    [InlineData(0x1000, 0x1000)]
    [InlineData(0x1F_F008, 0x20)]
    [InlineData(0x1000, 0x5F_F000)]
    [InlineData(0, 0x80_0000)]
    [InlineData(0x20_0123, 0x40_0004)]
    public void Clearing_leaves_zeroes_and_nothing_else_changed(ulong offset, ulong length)
    {
        const ulong Large = 8UL << 20;
        using GuestRam ram = new(Base, Large);
        Span<byte> bytes = new(ram.Pointer, (int)Large);
        bytes.Fill(0xA5);
        Assert.True(ram.TryClear(Base + offset, length));
        Assert.Equal(-1, bytes.Slice((int)offset, (int)length).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, bytes[..(int)offset].IndexOfAnyExcept((byte)0xA5));
        Assert.Equal(-1, bytes[(int)(offset + length)..].IndexOfAnyExcept((byte)0xA5));
    }

    [Fact]
    public void Clearing_large_pages_that_nobody_touched_takes_no_memory()
    {
        const ulong Large = 64UL << 20;
        using GuestRam ram = new(Base, Large);
        Assert.True(ram.TryClear(Base, Large));
        Assert.InRange(ram.ResidentBytes, 0UL, 4UL << 20);
        Assert.False(ram.TryClear(Base + 1, Large));
    }

    [Fact]
    public void A_DMA_port_reads_writes_and_reports_like_a_store()
    {
        using GuestRam ram = new(Base, Size);
        Recorder observer = new();
        ram.AddObserver(observer);
        ram.SetFlags(Base, PageFlags.Code);
        RamDmaPort port = new(ram);
        byte[] back = new byte[4];
        Assert.True(port.TryWrite(Base + 8, [1, 2, 3, 4]));
        Assert.True(port.TryRead(Base + 8, back));
        Assert.Equal([1, 2, 3, 4], back);
        Assert.Equal([(Base + 8, 4, PageFlags.Code)], observer.Writes);
        Assert.False(port.TryWrite(Base + Size - 1, [1, 2]));
        Assert.False(port.TryRead(Base - 1, back));
    }

    private sealed class Recorder : IPageWriteObserver
    {
        public List<(ulong Address, int Length, PageFlags Flags)> Writes { get; } = [];

        public Action<ulong>? OnEach { get; init; }

        public void OnWrite(ulong address, int length, PageFlags flags)
        {
            Writes.Add((address, length, flags));
            OnEach?.Invoke(address);
        }
    }
}
