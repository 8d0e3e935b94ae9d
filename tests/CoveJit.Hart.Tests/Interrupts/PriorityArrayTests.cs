using CoveJit.Harts.Interrupts;

namespace CoveJit.Harts.Tests.Interrupts;

public sealed class PriorityArrayTests
{
    private const ulong All = 0x2222;
    private readonly PriorityArray _array = new(9, All & ~(1UL << 9));

    [Fact]
    public void By_default_external_software_timer_and_overflow_follow_each_other()
    {
        List<int> order = [];
        for (ulong pending = All; _array.Top(pending, 256) is MajorInterrupt top; pending &= ~(1UL << top.Code))
        {
            order.Add(top.Code);
        }

        Assert.Equal([9, 1, 5, 13], order);
        Assert.Null(_array.Top(0, 256));
    }

    // Priority numbers of 1, 5 and 13; of the external interrupt; the first, and its IPRIO.
    [Theory]
    [InlineData(0, 0, 0, 7u, 9, 7)]
    [InlineData(0, 0, 0, 300u, 9, 255)]
    [InlineData(0, 255, 0, 300u, 5, 255)]
    [InlineData(0, 255, 0, 255u, 9, 255)] // a tie: the default order
    [InlineData(6, 5, 6, 7u, 5, 5)]
    [InlineData(6, 0, 6, 7u, 1, 6)]
    [InlineData(0, 0, 1, 2u, 13, 1)]
    public void Numbers_order_interrupts_among_external_ones(int software, int timer, int overflow, uint external, int code, int priority)
    {
        _array[1] = (byte)software;
        _array[5] = (byte)timer;
        _array[13] = (byte)overflow;
        MajorInterrupt top = _array.Top(All, external)!.Value;
        Assert.Equal(code, top.Code);
        Assert.Equal(((ulong)code << 16) | (uint)priority, top.ToTopi(showsPriority: true));
        Assert.Equal(((ulong)code << 16) | 1, top.ToTopi(showsPriority: false));
    }

    [Fact]
    public void Without_a_number_IPRIO_is_the_lowest() =>
        Assert.Equal((5UL << 16) | 255, _array.Top(1 << 5, 0)!.Value.ToTopi(showsPriority: true));

    [Fact]
    public void Registers_have_eight_interrupts_each_at_even_select_values()
    {
        _array.Write(0x30, ulong.MaxValue, 0x0807_0605_0403_0201);
        Assert.Equal(0x0000_0600_0000_0200UL, _array.Read(0x30, ulong.MaxValue));
        _array.Write(0x32, ulong.MaxValue, ulong.MaxValue);
        Assert.Equal(0x0000_FF00_0000_0000UL, _array.Read(0x32, ulong.MaxValue)); // the external interrupt's number is not here
        Assert.Equal(0UL, _array.Read(0x3E, ulong.MaxValue));
        Assert.Equal([0x30u, 0x32u, 0x34u, 0x36u, 0x38u, 0x3Au, 0x3Cu, 0x3Eu], Enumerable.Range(0x28, 0x20).Select(i => (uint)i).Where(i => PriorityArray.HasRegister(i)));
    }

    [Fact]
    public void Interrupts_that_the_level_does_not_have_show_and_take_no_number()
    {
        _array.Write(0x30, 1 << 1, ulong.MaxValue);
        Assert.Equal(0xFF00UL, _array.Read(0x30, ulong.MaxValue));
        Assert.Equal(0UL, _array.Read(0x30, 0));
    }
}
