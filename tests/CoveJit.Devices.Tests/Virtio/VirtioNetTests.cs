using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Devices.Tests.Virtio;

public class VirtioNetTests
{
    private const ulong Transmit = TestDriver.Data;
    private const ulong Receive = TestDriver.Data + 0x10000;
    private const ulong MergeableBuffers = 1 << 15;
    private const int HeaderSize = 12;
    private static readonly byte[] Mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

    private static TestDriver Loopback(bool packed = false, ulong without = 0, bool eventIndex = false) =>
        new TestDriver(new VirtioNet("net0", new LoopbackBackend(), Mac)).Start(packed, eventIndex, without: without);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_sent_on_a_loopback_comes_back(bool packed)
    {
        TestDriver driver = Loopback(packed);
        for (int i = 0; i < 100; i++)
        {
            int length = 60 + i;
            driver.Queues[0].Add(false, new Part(Receive, 1526, true));
            driver.Kick(0);
            Send(driver, length, (byte)i);
            Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint written));
            Assert.Equal((uint)(HeaderSize + length), written);
            Assert.Equal(1, driver.Ram.Get16(Receive + 10));
            Assert.True(driver.Ram.At(Receive + HeaderSize, length).SequenceEqual(driver.Ram.At(Transmit + HeaderSize, length)));
            Assert.Equal(1u, driver.TakeInterrupt());
        }
    }

    [Fact]
    public void A_long_frame_is_spread_over_merged_buffers()
    {
        TestDriver driver = Loopback();
        for (ulong i = 0; i < 4; i++)
        {
            driver.Queues[0].Add(false, new Part(Receive + i * 0x1000, 400, true));
        }

        Send(driver, 1000, 3);
        uint[] lengths = new uint[3];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(driver.Queues[0].TryTakeUsed(out _, out lengths[i]));
        }

        Assert.False(driver.Queues[0].TryTakeUsed(out _, out _));
        Assert.Equal([400, 400, 212], lengths);
        Assert.Equal(3, driver.Ram.Get16(Receive + 10));
        Assert.True(driver.Ram.At(Receive + 0x1000, 400).SequenceEqual(driver.Ram.At(Transmit + 400, 400)));
        Assert.True(driver.Ram.At(Receive + 0x2000, 212).SequenceEqual(driver.Ram.At(Transmit + 800, 212)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_wait_until_there_are_enough_buffers(bool packed)
    {
        TestDriver driver = Loopback(packed);
        driver.Queues[0].Add(false, new Part(Receive, 600, true));
        Send(driver, 1000, 1);
        Send(driver, 60, 2);
        Assert.False(driver.Queues[0].TryTakeUsed(out _, out _));
        driver.Queues[0].Add(false, new Part(Receive + 0x1000, 600, true));
        driver.Queues[0].Add(false, new Part(Receive + 0x2000, 600, true));
        driver.Kick(0);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint written));
            Assert.Equal(i switch { 0 => 600u, 1 => 412u, _ => 72u }, written);
        }

        Assert.Equal(2, driver.Ram.At(Receive + 0x2000 + HeaderSize, 1)[0]);
    }

    [Fact]
    public void Without_merged_buffers_a_frame_too_long_for_its_buffer_is_dropped()
    {
        TestDriver driver = Loopback(without: MergeableBuffers);
        driver.Queues[0].Add(false, new Part(Receive, 100, true));
        driver.Queues[0].Add(false, new Part(Receive, 1526, true));
        Send(driver, 1000, 1);
        Send(driver, 1000, 2);
        Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint first));
        Assert.Equal(0u, first);
        Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint second));
        Assert.Equal(1012u, second);
        Assert.Equal(1, ((VirtioNet)driver.Mmio.Device).FramesDropped);
    }

    [Theory]
    [InlineData(0, 0, 0)] // promiscuous mode
    [InlineData(1, 0, 0)] // MAC table
    [InlineData(1, 1, 1)] // MAC address: not offered
    [InlineData(4, 0, 1)] // multiqueue: not offered
    public void Control_commands_are_acknowledged_or_refused(byte commandClass, byte command, byte expected)
    {
        TestDriver driver = Loopback();
        driver.Ram.At(Transmit, 3).Clear();
        driver.Ram.At(Transmit, 1)[0] = commandClass;
        driver.Ram.At(Transmit + 1, 1)[0] = command;
        driver.Ram.At(Transmit + 16, 1)[0] = 0xff;
        driver.Queues[2].Add(false, new Part(Transmit, 2), new Part(Transmit + 2, 1), new Part(Transmit + 16, 1, true));
        driver.Kick(2);
        Assert.True(driver.Queues[2].TryTakeUsed(out _, out _));
        Assert.Equal(expected, driver.Ram.At(Transmit + 16, 1)[0]);
    }

    [Fact]
    public void Configuration_shows_mac_link_and_mtu()
    {
        TestDriver driver = Loopback();
        Assert.Equal(0x12005452u, driver.Read(0x100));
        Assert.Equal(0x00015634u, driver.Read(0x104));
        Assert.Equal(1500u << 16 | 1, driver.Read(0x108));
    }

    [Fact]
    public void Frames_for_a_driver_that_reads_nothing_are_bounded()
    {
        TestDriver driver = Loopback();
        for (int i = 0; i < 2000; i++)
        {
            Send(driver, 1514, 1);
        }

        Assert.True(((VirtioNet)driver.Mmio.Device).FramesDropped > 1000);
        Assert.Empty(driver.Reports);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_allocates_nothing(bool packed)
    {
        TestDriver driver = Loopback(packed, eventIndex: true);
        long Run(int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                driver.Queues[0].Add(false, new Part(Receive, 800, true));
                driver.Queues[0].Add(false, new Part(Receive + 0x1000, 800, true));
                Send(driver, 1500, 1);
                driver.Queues[0].TryTakeUsed(out _, out _);
                driver.Queues[0].TryTakeUsed(out _, out _);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run(100);
        Assert.Equal(0, Allocation.LeastOf(5, () => Run(1000)));
    }

    private static void Send(TestDriver driver, int length, byte fill)
    {
        driver.Ram.At(Transmit, HeaderSize).Clear();
        Span<byte> frame = driver.Ram.At(Transmit + HeaderSize, length);
        for (int i = 0; i < length; i++)
        {
            frame[i] = (byte)(fill + i);
        }

        driver.Queues[1].Add(false, new Part(Transmit, HeaderSize), new Part(Transmit + HeaderSize, (uint)length));
        driver.Kick(1);
        if (!driver.Queues[1].TryTakeUsed(out _, out _))
        {
            Assert.Fail("not sent");
        }
    }
}
