using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Interrupts;

public class ImsicTests
{
    private readonly RecordingFile[] _files = [.. Enumerable.Range(0, 3 * 4).Select(_ => new RecordingFile())];

    // Three harts with the supervisor-level file and three guests': two bits for the guest, two for the hart.
    private readonly Imsic _imsic;

    public ImsicTests() => _imsic = new Imsic("imsic_s", [.. _files.Chunk(4)]);

    [Fact]
    public void Pages_of_a_hart_lie_together_and_harts_at_powers_of_two()
    {
        Assert.Equal(2, _imsic.GuestIndexBits);
        Assert.Equal(0x1_0000UL, _imsic.WindowSize);
        for (int hart = 0; hart < 3; hart++)
        {
            for (int guest = 0; guest < 4; guest++)
            {
                _imsic.Write((ulong)((hart << 14) + (guest << 12)), (ulong)(100 + (hart * 10) + guest));
                Assert.Equal([(uint)(100 + (hart * 10) + guest)], _files[(hart * 4) + guest].Signalled);
            }
        }
    }

    [Fact]
    public void One_file_for_each_hart_takes_one_page_each()
    {
        Imsic machine = new("imsic_m", [[_files[0]], [_files[1]]]);
        Assert.Equal((0, 0x2000UL), (machine.GuestIndexBits, machine.WindowSize));
        machine.Write(0x1000, 9);
        Assert.Equal([9u], _files[1].Signalled);
    }

    [Fact]
    public void seteipnum_be_takes_the_identity_in_big_endian_order()
    {
        _imsic.Write(4, 0x2A00_0000);
        Assert.Equal([0x2Au], _files[0].Signalled);
    }

    [Fact]
    public void Everything_else_reads_as_zero_and_ignores_writes()
    {
        for (ulong offset = 0; offset < _imsic.WindowSize; offset += 4)
        {
            Assert.Equal(0UL, _imsic.Read(offset));
            if ((offset & 0xFFF) > 4 || offset >= 0xC000) // the fourth hart does not exist
            {
                _imsic.Write(offset, 1);
            }
        }

        Assert.All(_files, file => Assert.Empty(file.Signalled));
    }

    [Theory]
    [InlineData(0UL, 1)]
    [InlineData(0UL, 2)]
    [InlineData(0UL, 8)]
    [InlineData(2UL, 4)]
    [InlineData(0x1_0000UL, 4)]
    [InlineData(ulong.MaxValue - 3, 4)]
    public void Other_accesses_are_refused(ulong offset, int size)
    {
        Assert.False(_imsic.TryRead(offset, size, out _));
        Assert.False(_imsic.TryWrite(offset, size, 1));
        Assert.All(_files, file => Assert.Empty(file.Signalled));
    }

    [Fact]
    public void Hostile_accesses_do_no_harm() => BusAccess.Fuzz(_imsic, 1, 100_000, [0, 4, 8, 0xFFC, 0x1000, 0xF000, 0xFFFC, 0x1_0000]);

    [Fact]
    public void Its_node_follows_the_binding()
    {
        DeviceTreeNode node = _imsic.Describe(new DeviceTreeNode(""), 0x2800_0000, 7, InterruptLevel.Supervisor, 255, 4, 5, 6);
        Assert.Equal(["riscv,imsics"], node.Strings("compatible"));
        Assert.Equal([0u, 0x2800_0000u, 0u, 0x1_0000u], node.Cells("reg"));
        Assert.Equal([4u, 9u, 5u, 9u, 6u, 9u], node.Cells("interrupts-extended"));
        Assert.Equal([0u], node.Cells("#interrupt-cells"));
        Assert.Equal([0u], node.Cells("#msi-cells"));
        Assert.Equal([255u], node.Cells("riscv,num-ids"));
        Assert.Equal([2u], node.Cells("riscv,guest-index-bits"));
        Assert.Equal([7u], node.Cells("phandle"));
        Assert.Empty(node.Bytes("msi-controller"));

        Imsic machine = new("imsic_m", [[_files[0]], [_files[1]]]);
        node = machine.Describe(new DeviceTreeNode(""), 0x2400_0000, 8, InterruptLevel.Machine, 255, 4, 5);
        Assert.Equal([4u, 11u, 5u, 11u], node.Cells("interrupts-extended"));
        Assert.DoesNotContain(node.Properties, property => property.Key == "riscv,guest-index-bits");
    }

    private sealed class RecordingFile : IMessageTarget
    {
        public List<uint> Signalled { get; } = [];

        public void Signal(uint identity) => Signalled.Add(identity);
    }
}
