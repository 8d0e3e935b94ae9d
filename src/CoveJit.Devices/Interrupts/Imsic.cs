using System.Buffers.Binary;
using System.Numerics;
using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The memory regions of the interrupt files of one privilege level (AIA 1.0, "Arrangement of the memory regions of multiple interrupt files"): a page
/// for each file, those of a hart together. The files themselves are the harts'. Accesses of 4 bytes, naturally aligned; others are refused.
/// Everything reads as zero; a write of an identity to seteipnum_le or seteipnum_be is a message. Takes no lock.
/// </summary>
public sealed class Imsic : IBusDevice
{
    /// <summary>Size of a file's page in bytes.</summary>
    public const ulong PageSize = 0x1000;

    private const int PageShift = 12;
    private const ulong SetPendingLittleEndian = 0;
    private const ulong SetPendingBigEndian = 4;

    private readonly IMessageTarget?[] _pages;

    /// <summary>Makes the device.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="files">The files of each hart, in order: one at machine level; the supervisor-level file and the guests' at supervisor level.</param>
    public Imsic(string name, IReadOnlyList<IReadOnlyList<IMessageTarget>> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        Name = name;
        GuestIndexBits = IndexBits(files.Max(hart => hart.Count));
        _pages = new IMessageTarget?[1 << (IndexBits(files.Count) + GuestIndexBits)];
        for (int hart = 0; hart < files.Count; hart++)
        {
            for (int file = 0; file < files[hart].Count; file++)
            {
                _pages[(hart << GuestIndexBits) + file] = files[hart][file];
            }
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Bits of an address, from bit 12 on, that choose among a hart's files.</summary>
    public int GuestIndexBits { get; }

    /// <summary>Size of all pages in bytes, those included that fill the ranges up.</summary>
    public ulong WindowSize => (ulong)_pages.Length * PageSize;

    /// <summary>Bits that a number of things takes to number them.</summary>
    public static int IndexBits(int count) => BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)count));

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        return IsAccess(offset, size);
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        IMessageTarget? file = _pages[offset >> PageShift];
        switch (offset & (PageSize - 1))
        {
            case SetPendingLittleEndian:
                file?.Signal((uint)value);
                break;
            case SetPendingBigEndian:
                file?.Signal(BinaryPrimitives.ReverseEndianness((uint)value));
                break;
            default:
                break;
        }

        return true;
    }

    /// <summary>Adds the device's node to its bus (Linux binding <c>riscv,imsics</c>).</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the first page.</param>
    /// <param name="phandle">Phandle of this node: senders of messages name it as their msi-parent.</param>
    /// <param name="level">Whose external interrupt the files raise.</param>
    /// <param name="identities">Highest identity of a file.</param>
    /// <param name="hartInterruptControllers">Phandles of the harts' <c>riscv,cpu-intc</c> nodes, in hart order.</param>
    public DeviceTreeNode Describe(
        DeviceTreeNode bus, ulong baseAddress, uint phandle, InterruptLevel level, int identities, params ReadOnlySpan<uint> hartInterruptControllers)
    {
        ArgumentNullException.ThrowIfNull(bus);
        DeviceTreeNode node = bus.AddChild($"imsics@{baseAddress:x}")
            .Set("compatible", "riscv,imsics")
            .SetPairs("reg", baseAddress, WindowSize)
            .SetCells("interrupts-extended", level.ExternalInterrupts(hartInterruptControllers))
            .Set("interrupt-controller")
            .SetCells("#interrupt-cells", 0)
            .Set("msi-controller")
            .SetCells("#msi-cells", 0)
            .SetCells("riscv,num-ids", (uint)identities)
            .SetCells("phandle", phandle);
        return GuestIndexBits == 0 ? node : node.SetCells("riscv,guest-index-bits", (uint)GuestIndexBits);
    }

    private bool IsAccess(ulong offset, int size) => size == 4 && offset % 4 == 0 && offset < WindowSize;
}
