using CoveJit.Memory.Translation;
using CoveJit.Tsm.Pages;

namespace CoveJit.Tsm.Guests;

/// <summary>
/// Reads the G-stage page table of a host's virtual machine (Privileged, "Guest Physical Address Translation"). It is the host's own: hostile, and it may
/// change meanwhile, so that each entry is read once, and what a TVM is made of is the copy, not this.
/// </summary>
internal sealed class HostStage
{
    private const int PageShift = 12;
    private const int IndexBits = 9;
    private const int EntriesInTable = 1 << IndexBits;
    private const ulong ModeSv39x4 = 8;
    private const ulong ModeSv57x4 = 10;
    private const ulong LeafBits = PageTableEntry.Read | PageTableEntry.Write | PageTableEntry.Execute;

    private readonly ConfidentialPages _pages;
    private readonly ulong _most;
    private readonly List<HostLeaf> _leaves = [];
    private ulong _tables;

    private HostStage(ConfidentialPages pages, ulong most)
    {
        _pages = pages;
        _most = most;
    }

    /// <summary>What is mapped, in the order of guest physical addresses.</summary>
    public IReadOnlyList<HostLeaf> Leaves => _leaves;

    /// <summary>Pages of 4 KiB in them.</summary>
    public ulong Pages { get; private set; }

    /// <summary>Reads a page table.</summary>
    /// <param name="pages">What is the host's memory.</param>
    /// <param name="hgatp">Its root, as hgatp has it.</param>
    /// <param name="most">Most pages that may be mapped.</param>
    /// <param name="stage">What it maps; if there are more pages, the first ones.</param>
    /// <returns>False if it is none: not in the host's memory, nor what it maps, or larger than RAM.</returns>
    public static bool TryRead(ConfidentialPages pages, ulong hgatp, ulong most, out HostStage stage)
    {
        stage = new HostStage(pages, most);
        ulong mode = hgatp >> 60;
        ulong root = hgatp << 20 >> 20 << PageShift;
        return mode is >= ModeSv39x4 and <= ModeSv57x4
            && root % GuestStage.RootSize == 0
            && pages.AreHostMemory(root, GuestStage.RootSize)
            && stage.Visit(root, (int)mode - 6, EntriesInTable * 4, 0);
    }

    private bool Visit(ulong table, int level, int entries, ulong guest)
    {
        // A table may be named many times, by itself too: the number of visits is what is bounded. No virtual machine's tables take a 64th of RAM.
        if (++_tables > _pages.Ram.Size >> PageShift >> 6)
        {
            return false;
        }

        ulong size = 1UL << (PageShift + (IndexBits * level));
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (int i = 0; i < entries && Pages <= _most; i++, guest += size)
        {
            _pages.Ram.TryRead(table + ((ulong)i * sizeof(ulong)), bytes);
            ulong entry = BitConverter.ToUInt64(bytes);
            if ((entry & PageTableEntry.Valid) == 0)
            {
                continue;
            }

            ulong address = PageTableEntry.PhysicalPage(entry) << PageShift;
            bool isLeaf = (entry & LeafBits) != 0;
            ulong length = isLeaf ? size : 1UL << PageShift;
            if ((address & (length - 1)) != 0 || (isLeaf ? level > 2 : level == 0) || !_pages.AreHostMemory(address, length))
            {
                return false;
            }

            if (isLeaf)
            {
                _leaves.Add(new HostLeaf(guest, address, size));
                Pages += size >> PageShift;
            }
            else if (!Visit(address, level - 1, EntriesInTable, guest))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A mapping of a host's virtual machine.</summary>
/// <param name="GuestAddress">Guest physical address.</param>
/// <param name="Address">Supervisor physical address.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct HostLeaf(ulong GuestAddress, ulong Address, ulong Size);
