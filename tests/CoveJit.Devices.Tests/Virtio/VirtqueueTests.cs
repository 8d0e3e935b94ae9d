using CoveJit.Devices.Virtio;

namespace CoveJit.Devices.Tests.Virtio;

public class VirtqueueTests
{
    private const ulong Data = TestDriver.Data;

    private static TestDriver Rng() => new(new VirtioRng("rng0", new SeededEntropy(7)));

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Rings_wrap_many_times_with_and_without_indirect_tables(bool packed, bool indirect)
    {
        TestDriver driver = Rng().Start(packed, queueSize: 8);
        DriverQueue queue = driver.Queues[0];
        SeededEntropy expected = new(7);
        byte[] want = new byte[24];
        for (int i = 0; i < 100; i++)
        {
            // Two, then three requests: positions drift against the ring's end.
            int batch = 2 + (i & 1);
            for (int j = 0; j < batch; j++)
            {
                queue.Add(indirect, new Part(Data + (ulong)j * 64, 8, true), new Part(Data + (ulong)j * 64 + 32, 16, true));
            }

            driver.Kick(0);
            Assert.Equal(1u, driver.TakeInterrupt());
            for (int j = 0; j < batch; j++)
            {
                Assert.True(queue.TryTakeUsed(out _, out uint written));
                Assert.Equal(24u, written);
                expected.Fill(want);
                Assert.Equal(want[..8], driver.Ram.At(Data + (ulong)j * 64, 8).ToArray());
                Assert.Equal(want[8..], driver.Ram.At(Data + (ulong)j * 64 + 32, 16).ToArray());
            }

            Assert.False(queue.TryTakeUsed(out _, out _));
        }

        Assert.Empty(driver.Reports);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_interrupt_when_the_driver_disabled_them(bool packed)
    {
        TestDriver driver = Rng().Start(packed);
        driver.Queues[0].SetDriverFlags(1);
        driver.Queues[0].Add(false, new Part(Data, 8, true));
        driver.Kick(0);
        Assert.Equal(0u, driver.TakeInterrupt());
        driver.Queues[0].SetDriverFlags(0);
        driver.Queues[0].Add(false, new Part(Data, 8, true));
        driver.Kick(0);
        Assert.Equal(1u, driver.TakeInterrupt());
    }

    [Fact]
    public void Split_event_index_interrupts_only_when_the_named_index_is_passed()
    {
        TestDriver driver = Rng().Start(eventIndex: true);
        DriverQueue queue = driver.Queues[0];
        queue.SetUsedEvent(2);
        uint[] causes = new uint[6];
        for (int i = 0; i < causes.Length; i++)
        {
            queue.Add(false, new Part(Data, 8, true));
            driver.Kick(0);
            causes[i] = driver.TakeInterrupt();
            Assert.Equal(i + 1, queue.AvailEvent);
        }

        Assert.Equal([0, 0, 1, 0, 0, 0], causes);
    }

    [Fact]
    public void Packed_event_index_interrupts_only_when_the_named_descriptor_is_passed()
    {
        TestDriver driver = Rng().Start(packed: true, eventIndex: true, queueSize: 4);
        DriverQueue queue = driver.Queues[0];
        List<uint> causes = [];
        for (int i = 0; i < 12; i++)
        {
            if (i == 0)
            {
                driver.Ram.Set16(queue.Driver, 2 | 1 << 15); // Descriptor 2, first lap.
                driver.Ram.Set16(queue.Driver + 2, 2);
            }
            else if (i == 4)
            {
                driver.Ram.Set16(queue.Driver, 3); // Descriptor 3, second lap.
            }

            queue.Add(false, new Part(Data, 8, true));
            driver.Kick(0);
            causes.Add(driver.TakeInterrupt());
            int next = (i + 1) % 4;
            bool wrap = (i + 1) / 4 % 2 == 0;
            Assert.Equal(next | (wrap ? 1 << 15 : 0), driver.Ram.Get16(queue.Device));
            Assert.Equal(2, driver.Ram.Get16(queue.Device + 2));
        }

        Assert.Equal([0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0], causes);
    }

    [Fact]
    public void Requests_before_driver_ok_wait_for_it()
    {
        TestDriver driver = Rng();
        driver.Negotiate(1ul << 32);
        DriverQueue queue = new(driver.Ram, FakeRam.Base, 16, packed: false);
        driver.SetUpQueue(0, 16, queue.Descriptors, queue.Driver, queue.Device);
        queue.Add(false, new Part(Data, 8, true));
        driver.Kick(0);
        Assert.Equal(0, queue.UsedIndex);
        driver.Write(0x70, 15);
        Assert.Equal(1, queue.UsedIndex);
    }

    public static TheoryData<string, string> HostileSplitRings => new()
    {
        { "loop", "too long or loops" },
        { "head", "outside a table" },
        { "next", "outside a table" },
        { "jump", "jumped" },
        { "indirect in indirect", "inside an indirect table" },
        { "indirect with next", "with a next descriptor" },
        { "indirect odd", "indirect table of 17 bytes" },
        { "indirect empty", "indirect table of 0 bytes" },
        { "indirect huge", "at most 1024" },
        { "indirect elsewhere", "cannot be read" },
        { "indirect loop", "too long or loops" },
        { "direction", "follows a device-writable" },
        { "wrap", "wrap around" },
        { "sum", "more than 4 GiB" },
        { "outside", "refused" },
    };

    [Theory]
    [MemberData(nameof(HostileSplitRings))]
    public void A_hostile_split_ring_stops_the_device_with_one_reason(string attack, string reason)
    {
        TestDriver driver = Rng().Start();
        DriverQueue queue = driver.Queues[0];
        ulong table = queue.Tables;
        switch (attack)
        {
            case "loop":
                Descriptor(driver, queue.Descriptors, Data, 8, 3, 0);
                break;
            case "head":
                Descriptor(driver, queue.Descriptors, Data, 8, 2, 0);
                driver.Ram.Set16(queue.Driver + 4, 16);
                break;
            case "next":
                Descriptor(driver, queue.Descriptors, Data, 8, 3, 0xffff);
                break;
            case "jump":
                driver.Ram.Set16(queue.Driver + 2, 17);
                break;
            case "indirect in indirect":
                Descriptor(driver, queue.Descriptors, table, 16, 4, 0);
                Descriptor(driver, table, table, 16, 4, 0);
                break;
            case "indirect with next":
                Descriptor(driver, queue.Descriptors, table, 16, 5, 1);
                break;
            case "indirect odd":
                Descriptor(driver, queue.Descriptors, table, 17, 4, 0);
                break;
            case "indirect empty":
                Descriptor(driver, queue.Descriptors, table, 0, 4, 0);
                break;
            case "indirect huge":
                Descriptor(driver, queue.Descriptors, table, 0xffff_fff0, 4, 0);
                break;
            case "indirect elsewhere":
                Descriptor(driver, queue.Descriptors, 0x10, 16, 4, 0);
                break;
            case "indirect loop":
                Descriptor(driver, queue.Descriptors, table, 32, 4, 0);
                Descriptor(driver, table, Data, 1, 3, 1);
                Descriptor(driver, table + 16, Data, 1, 3, 0);
                break;
            case "direction":
                Descriptor(driver, queue.Descriptors, Data, 8, 3, 1);
                Descriptor(driver, queue.Descriptors + 16, Data, 8, 0, 0);
                break;
            case "wrap":
                Descriptor(driver, queue.Descriptors, ulong.MaxValue - 3, 8, 2, 0);
                break;
            case "sum":
                Descriptor(driver, queue.Descriptors, Data, 0xffff_ffff, 3, 1);
                Descriptor(driver, queue.Descriptors + 16, Data, 1, 2, 0);
                break;
            default:
                Descriptor(driver, queue.Descriptors, 0x1000, 8, 2, 0);
                break;
        }

        if (attack != "jump")
        {
            driver.Ram.Set16(queue.Driver + 2, 1);
        }

        AssertStops(driver, reason);
    }

    public static TheoryData<string, string> HostilePackedRings => new()
    {
        { "endless", "more than 16 descriptors" },
        { "indirect in chain", "within a chain" },
        { "indirect in indirect", "inside an indirect table" },
        { "direction", "follows a device-writable" },
        { "outside", "refused" },
    };

    [Theory]
    [MemberData(nameof(HostilePackedRings))]
    public void A_hostile_packed_ring_stops_the_device_with_one_reason(string attack, string reason)
    {
        const int Avail = 1 << 7;
        TestDriver driver = Rng().Start(packed: true);
        DriverQueue queue = driver.Queues[0];
        for (ulong i = 0; i < 16; i++)
        {
            Descriptor(driver, queue.Descriptors + 16 * i, Data, 8, 0, Avail | 2 | 1);
        }

        switch (attack)
        {
            case "endless":
                break;
            case "indirect in chain":
                Descriptor(driver, queue.Descriptors + 16, Data, 16, 0, Avail | 4);
                break;
            case "indirect in indirect":
                Descriptor(driver, queue.Descriptors, queue.Tables, 16, 0, Avail | 4);
                Descriptor(driver, queue.Tables, queue.Tables, 16, 0, 4);
                break;
            case "direction":
                Descriptor(driver, queue.Descriptors + 16, Data, 16, 0, Avail);
                break;
            default:
                Descriptor(driver, queue.Descriptors, 0x1000, 16, 0, Avail | 2);
                break;
        }

        AssertStops(driver, reason);
    }

    private static void AssertStops(TestDriver driver, string reason)
    {
        driver.Kick(0);
        Assert.Equal(0x4fu, driver.Read(0x70));
        Assert.Equal(2u, driver.TakeInterrupt());
        driver.Kick(0);
        Assert.Contains(reason, Assert.Single(driver.Reports), StringComparison.Ordinal);

        // The next driver finds a working device.
        driver.Start();
        driver.Queues[0].Add(false, new Part(Data, 8, true));
        driver.Kick(0);
        Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint written));
        Assert.Equal(8u, written);
    }

    /// <summary>For packed rings word 12 is the id and word 14 the flags, for split ones flags and next.</summary>
    private static void Descriptor(TestDriver driver, ulong at, ulong address, uint length, ushort word12, ushort word14)
    {
        driver.Ram.Set64(at, address);
        driver.Ram.Set32(at + 8, length);
        driver.Ram.Set16(at + 12, word12);
        driver.Ram.Set16(at + 14, word14);
    }
}
