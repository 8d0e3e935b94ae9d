using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

public sealed class BootLayoutTests
{
    private static readonly GuestFile Kernel = Samples.File(Samples.LinuxImage());

    [Fact]
    public void The_layout_is_that_of_the_virt_board()
    {
        FakeMemory memory = new(128 << 20);
        GuestFile initrd = new("--initrd", "initrd", new byte[] { 1, 2, 3 });
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, initrd, Samples.File([0x6f, 0, 0, 0], "--bios")), memory);

        Assert.Equal(0x80000000UL, layout.Firmware!.Start);
        Assert.Equal(0x80000000UL, layout.EntryPoint);
        Assert.Equal(0x80200000UL, layout.Kernel!.Start);
        Assert.Equal(new AddressRange(0x80200000 + (64 << 20), 3), layout.Initrd);
        Assert.Equal(0x80000000UL + (126 << 20), layout.DeviceTreeAddress);
        Assert.Equal(new byte[] { 1, 2, 3 }, memory.At(layout.Initrd!.Value.Start, 3).ToArray());
    }

    [Fact]
    public void Under_the_managed_monitor_the_kernel_is_entered_first()
    {
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, null, null), new FakeMemory(16 << 20));
        Assert.Null(layout.Firmware);
        Assert.Equal(0x80200000UL, layout.EntryPoint);
    }

    [Fact]
    public void The_device_tree_stays_below_3_gibibytes()
    {
        HugeMemory memory = new(8UL << 30);
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, null, null), memory);
        Assert.Equal(0xbfe00000UL, layout.DeviceTreeAddress);
    }

    [Fact]
    public void Large_firmware_moves_the_kernel_up()
    {
        byte[] firmware = new byte[(3 << 20) + 1];
        firmware[0] = 0x6f;
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, null, Samples.File(firmware, "--bios")), new FakeMemory(16 << 20));
        Assert.Equal(0x80400000UL, layout.Kernel!.Start);
    }

    [Fact]
    public void A_kernel_over_the_place_of_fw_jumps_device_tree_moves_past_it_and_leaves_a_jump()
    {
        FakeMemory memory = new(128 << 20);
        GuestFile large = Samples.File(Samples.LinuxImage(imageSize: (32 << 20) + 1));
        GuestFile firmware = Samples.File([0x6f, 0, 0, 0], "--bios");
        BootLayout layout = BootLayout.Load(new BootFiles(large, null, firmware), memory);
        Assert.Equal(0x82400000UL, layout.Kernel!.Start);
        Assert.Equal(
            Convert.FromHexString("97020000" + "83b20201" + "67800200" + "13000000" + "0000408200000000"), memory.At(0x80200000, 24).ToArray());

        GuestFile fitting = Samples.File(Samples.LinuxImage(imageSize: 32 << 20));
        Assert.Equal(0x80200000UL, BootLayout.Load(new BootFiles(fitting, null, firmware), memory).Kernel!.Start);
        Assert.Equal(0x80200000UL, BootLayout.Load(new BootFiles(large, null, null), memory).Kernel!.Start);
    }

    [Fact]
    public void Under_firmware_the_initrd_keeps_clear_of_fw_jumps_device_tree()
    {
        GuestFile firmware = Samples.File([0x6f, 0, 0, 0], "--bios");
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, new GuestFile("--initrd", "initrd", new byte[4096]), firmware), new FakeMemory(64 << 20));
        Assert.Equal(0x80400000UL, layout.Initrd!.Value.Start);
    }

    [Fact]
    public void An_initrd_too_large_for_the_middle_goes_right_behind_the_kernel()
    {
        GuestFile initrd = new("--initrd", "initrd", new byte[9 << 20]);
        BootLayout layout = BootLayout.Load(new BootFiles(Kernel, initrd, null), new FakeMemory(16 << 20));
        Assert.Equal(0x80400000UL, layout.Initrd!.Value.Start);
        Assert.True(layout.Initrd.Value.End <= layout.DeviceTreeAddress);
    }

    [Fact]
    public void What_does_not_fit_or_overlaps_is_refused()
    {
        GuestFile initrd = new("--initrd", "initrd", new byte[11 << 20]);
        Assert.Contains("16 MiB of memory is too little for --initrd initrd (11 MiB)", Refusal(new BootFiles(Kernel, initrd, null), 16 << 20), StringComparison.Ordinal);
        Assert.Contains("too little for boot", Refusal(new BootFiles(Kernel, null, null), 2 << 20), StringComparison.Ordinal);
        Assert.Contains("and the device tree", Refusal(new BootFiles(Samples.File(Samples.LinuxImage(imageSize: 13 << 20)), null, null), 16 << 20), StringComparison.Ordinal);
        Assert.Contains("nothing to boot", Refusal(new BootFiles(null, null, null), 16 << 20), StringComparison.Ordinal);
        Assert.Contains("without a kernel", Refusal(new BootFiles(null, initrd, Samples.File([0x6f, 0, 0, 0], "--bios")), 16 << 20), StringComparison.Ordinal);

        byte[] elf = Samples.Elf([(0x80000000, 0x80000000, 64, 64)], 0x80000000);
        Assert.Contains("overlap in memory", Refusal(new BootFiles(Samples.File(elf), null, Samples.File([0x6f, 0, 0, 0], "--bios")), 16 << 20), StringComparison.Ordinal);
    }

    private static string Refusal(BootFiles files, int memory) =>
        Assert.Throws<LoadException>(() => BootLayout.Load(files, new FakeMemory(memory))).Message;

    private sealed class HugeMemory(ulong size) : IGuestMemoryWriter
    {
        public ulong Base => 0x80000000;

        public ulong Size => size;

        public bool TryWrite(ulong address, ReadOnlySpan<byte> data) => true;
    }
}
