using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;

namespace CoveJit.Memory.Tests.Physical;

public sealed class PhysicalMapTests
{
    private const ulong Base = 0x8000_0000;
    private const ulong Size = 0x4000;

    [Theory]
    [InlineData(0x1000_0000UL, 0x100UL, true)]
    [InlineData(0x1000_0100UL, 0x100UL, false)] // the last byte of uart overlaps
    [InlineData(0x1000_01FFUL, 1UL, false)]
    [InlineData(0x1000_0200UL, 1UL, true)]
    [InlineData(0x0FFF_0000UL, 0x1_0101UL, false)]
    [InlineData(0x0FFF_0000UL, 0x2_0000UL, false)] // around it
    [InlineData(Base - 0x1000, 0x1000UL, true)]
    [InlineData(Base - 0x1000, 0x1001UL, false)]
    [InlineData(Base + Size, 0x1000UL, true)]
    [InlineData(Base + Size - 1, 1UL, false)]
    [InlineData(0UL, Base + 0x1_0000, false)]
    [InlineData(0x2000UL, 0UL, false)]
    [InlineData(0xFFFF_FFFF_FFFF_F000UL, 0x2000UL, false)]
    public void Devices_may_not_overlap_RAM_or_one_another_or_wrap(ulong baseAddress, ulong size, bool fits)
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        map.Add(0x1000_0100, 0x100, new Registers("uart0"));
        if (baseAddress == 0x1000_0100)
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => map.Add(baseAddress, size, new Registers("rtc")));
            Assert.Contains("uart0", error.Message, StringComparison.Ordinal);
            Assert.Contains("rtc", error.Message, StringComparison.Ordinal);
        }
        else if (fits)
        {
            map.Add(baseAddress, size, new Registers("rtc"));
            Assert.Equal(map.Devices.OrderBy(d => d.Base), map.Devices);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => map.Add(baseAddress, size, new Registers("rtc")));
        }
    }

    [Fact]
    public void A_device_sees_offsets_and_only_aligned_accesses_inside_it()
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        Registers device = new("dev");
        map.Add(0x1000_0000, 0x14, device);
        foreach (int size in new[] { 1, 2, 4, 8 })
        {
            for (ulong offset = 0; offset < 0x20; offset++)
            {
                bool expected = offset % (ulong)size == 0 && offset + (ulong)size <= 0x14;
                Assert.Equal(expected, map.TryRead(0x1000_0000 + offset, size, out ulong value));
                Assert.Equal(expected ? offset * 0x100 : 0, value);
                Assert.Equal(expected, map.TryWrite(0x1000_0000 + offset, size, 0x55));
                Assert.Equal(expected ? ((ulong, int, ulong)?)(offset, size, 0x55UL) : null, device.TakeLast());
                Assert.Equal(offset + (ulong)size <= 0x14, map.IsDevice(0x1000_0000 + offset, size));
            }
        }
    }

    [Fact]
    public void A_refusing_device_is_an_access_fault()
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        map.Add(0x1000, 0x1000, new Registers("dev") { Refuses = true });
        Assert.False(map.TryRead(0x1000, 4, out _));
        Assert.False(map.TryWrite(0x1000, 4, 0));
    }

    [Fact]
    public void Many_devices_are_each_found_and_the_gaps_are_not()
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        Registers[] devices = [.. Enumerable.Range(0, 33).Select(i => new Registers($"d{i}"))];
        foreach (int i in Enumerable.Range(0, 33).OrderBy(i => i * 17 % 33))
        {
            map.Add(0x1_0000UL * (ulong)(i + 1), 0x8000, devices[i]);
        }

        for (int i = 0; i < 33; i++)
        {
            Assert.True(map.TryWrite((0x1_0000UL * (ulong)(i + 1)) + 0x7FF8, 8, 1));
            Assert.Equal((0x7FF8UL, 8, 1UL), devices[i].TakeLast());
            Assert.False(map.TryWrite((0x1_0000UL * (ulong)(i + 1)) + 0x8000, 1, 1));
        }

        Assert.False(map.TryRead(0, 1, out _));
        Assert.False(map.TryRead(ulong.MaxValue, 1, out _));
        Assert.False(map.TryRead(ulong.MaxValue - 3, 8, out _));
    }

    [Fact]
    public void RAM_takes_any_alignment_up_to_its_last_byte()
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        map.Add(Base + Size, 0x1000, new Registers("after"));
        Assert.True(map.TryWrite(Base + 3, 8, 0x1122334455667788));
        Assert.True(map.TryRead(Base + 5, 2, out ulong half));
        Assert.Equal(0x5566UL, half);
        foreach (int size in new[] { 1, 2, 4, 8 })
        {
            Assert.True(map.TryRead(Base + Size - (ulong)size, size, out _));
        }

        // Neither RAM nor device holds all of it.
        Assert.False(map.TryRead(Base + Size - 4, 8, out _));
        Assert.False(map.TryWrite(Base + Size - 1, 2, 0));
        Assert.False(map.TryRead(Base - 1, 2, out _));
    }

    [Fact]
    public void A_store_across_two_flagged_pages_reports_both()
    {
        using GuestRam ram = new(Base, Size);
        PhysicalMap map = new(ram);
        List<(ulong, int)> writes = [];
        ram.AddObserver(new Observer((a, l) => writes.Add((a, l))));
        ram.SetFlags(Base, PageFlags.Watched);
        ram.SetFlags(Base + 0x1000, PageFlags.Watched);
        Assert.True(map.TryWrite(Base + 0xFFD, 8, ulong.MaxValue));
        Assert.Equal([(Base + 0xFFD, 3), (Base + 0x1000, 5)], writes);
    }

    private sealed class Observer(Action<ulong, int> onWrite) : IPageWriteObserver
    {
        public void OnWrite(ulong address, int length, PageFlags flags) => onWrite(address, length);
    }

    private sealed class Registers(string name) : IBusDevice
    {
        private (ulong, int, ulong)? _last;

        public string Name => name;

        public bool Refuses { get; init; }

        public bool TryRead(ulong offset, int size, out ulong value)
        {
            value = offset * 0x100;
            return !Refuses;
        }

        public bool TryWrite(ulong offset, int size, ulong value)
        {
            _last = (offset, size, value);
            return !Refuses;
        }

        public (ulong, int, ulong)? TakeLast()
        {
            (ulong, int, ulong)? last = _last;
            _last = null;
            return last;
        }
    }
}
