using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Virtio;

namespace CoveJit.Devices.Tests.Virtio;

public class VirtioMmioTests
{
    private static TestDriver Rng(VirtioOptions? options = null) => new(new VirtioRng("rng0", new SeededEntropy(1)), options);

    [Theory]
    [InlineData(0x000, 0x74726976)]
    [InlineData(0x004, 2)]
    [InlineData(0x008, 4)]
    [InlineData(0x034, 64)]
    [InlineData(0x044, 0)]
    [InlineData(0x070, 0)]
    [InlineData(0x0b0, 0xffffffff)]
    [InlineData(0x0b4, 0xffffffff)]
    [InlineData(0x0bc, 0xffffffff)]
    [InlineData(0x0c0, 0)]
    public void Registers_read_their_reset_values(ulong offset, uint expected) => Assert.Equal(expected, Rng().Read(offset));

    [Fact]
    public void Queues_that_do_not_exist_have_size_zero_and_cannot_be_enabled()
    {
        TestDriver driver = Rng();
        driver.Negotiate(driver.Offered());
        foreach (uint queue in new uint[] { 1, 2, 0x7fff_ffff, 0x8000_0000, uint.MaxValue })
        {
            driver.SetUpQueue(queue, 16, FakeRam.Base, FakeRam.Base + 0x1000, FakeRam.Base + 0x2000);
            Assert.Equal(0u, driver.Read(0x34));
            Assert.Equal(0u, driver.Read(0x44));
            driver.Kick(queue);
        }
    }

    [Fact]
    public void Narrow_register_accesses_do_nothing()
    {
        TestDriver driver = Rng();
        Assert.True(driver.Mmio.TryWrite(0x70, 1, 3));
        Assert.Equal(0u, driver.Read(0x70));
        Assert.True(driver.Mmio.TryRead(0, 8, out ulong value));
        Assert.Equal(0ul, value);
    }

    [Fact]
    public void Features_are_refused_without_version_1_or_when_not_offered_or_without_the_platforms()
    {
        TestDriver driver = Rng(new VirtioOptions { AccessPlatform = true });
        ulong offered = driver.Offered();
        Assert.NotEqual(0ul, offered & (1ul << 33));
        Assert.False(driver.Negotiate(offered & ~(1ul << 32)));
        Assert.False(driver.Negotiate(offered | 1));
        Assert.False(driver.Negotiate(offered & ~(1ul << 33)));
        Assert.True(driver.Negotiate(offered));
        Assert.True(driver.Negotiate((1ul << 32) | (1ul << 33)));
    }

    [Fact]
    public void Features_are_frozen_by_FEATURES_OK_and_forgotten_by_reset()
    {
        TestDriver driver = Rng();
        Assert.True(driver.Negotiate(1ul << 32));
        driver.Write(0x24, 0);
        driver.Write(0x20, 1u << 28);
        Assert.Equal(1ul << 32, driver.Mmio.Device.NegotiatedFeatures);
        driver.Write(0x70, 0);
        Assert.Equal(0u, driver.Read(0x70));
        Assert.Equal(0ul, driver.Mmio.Device.NegotiatedFeatures);
    }

    [Fact]
    public void Driver_ok_without_features_ok_needs_reset()
    {
        TestDriver driver = Rng();
        driver.Write(0x70, 7);
        Assert.Equal(0x40u, driver.Read(0x70) & 0x44);
        Assert.Single(driver.Reports);
        driver.Write(0x70, 0);
        Assert.Equal(0u, driver.Read(0x70));
    }

    [Theory]
    [InlineData(0, 0, "power of two")]
    [InlineData(24, 0, "power of two")]
    [InlineData(128, 0, "at most 64")]
    [InlineData(16, 8, "aligned")]
    public void Bad_queue_settings_need_a_reset_with_a_reason(uint size, uint misalignment, string reason)
    {
        TestDriver driver = Rng();
        Assert.True(driver.Negotiate(1ul << 32));
        driver.SetUpQueue(0, size, FakeRam.Base + misalignment, FakeRam.Base + 0x1000, FakeRam.Base + 0x2000);
        Assert.Equal(0u, driver.Read(0x44));
        Assert.NotEqual(0u, driver.Read(0x70) & 0x40);
        Assert.Contains(reason, Assert.Single(driver.Reports), StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_queues_take_sizes_that_are_no_power_of_two()
    {
        TestDriver driver = Rng().Start(packed: true, queueSize: 24);
        Assert.Equal(0u, driver.Read(0x70) & 0x40);
    }

    [Fact]
    public void Queue_addresses_are_64_bits_wide()
    {
        TestDriver driver = Rng();
        driver.Negotiate(1ul << 32);
        driver.SetUpQueue(0, 16, 0x1_8000_0000, 0x1_8000_1000, 0x1_8000_2000);
        driver.Write(0x70, 15);
        Assert.NotEqual(0u, driver.Read(0x70) & 0x40);
        Assert.Contains("0x180001002", driver.Mmio.FailureReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_describes_itself_as_on_qemus_virt_board()
    {
        DeviceTreeNode node = VirtioMmio.Describe(new DeviceTreeNode(""), 0x1000_1000, 3, 1);
        Assert.Equal("virtio_mmio@10001000", node.Name);
        Assert.Equal(["interrupts", "interrupt-parent", "reg", "compatible"], node.Properties.Select(p => p.Key));
        Assert.Equal("virtio,mmio\0"u8.ToArray(), node.Properties[3].Value);
        Assert.Equal([0, 0, 0, 0, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0], node.Properties[2].Value);
    }

    [Fact]
    public void Disposing_stops_the_device()
    {
        TestDriver driver = Rng().Start();
        driver.Mmio.Dispose();
        driver.Queues[0].Add(false, new Part(TestDriver.Data, 8, true));
        driver.Kick(0);
        Assert.False(driver.Queues[0].TryTakeUsed(out _, out _));
    }
}
