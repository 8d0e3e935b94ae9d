using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: what a TVM's guest physical addresses are for. The host learns of every change: the call goes on to it.</summary>
internal static class GuestMemory
{
    private static readonly CoveArgument Address = new("tvm_gpa_addr", ArgumentKind.GuestPage);
    private static readonly CoveArgument Length = new("region_len", ArgumentKind.PageLength);

    // The specification has no error for a wrong length of an MMIO region but this.
    private static readonly CoveArgument MmioLength = new("region_len", ArgumentKind.PageLength, SbiError.InvalidAddress);

    private static readonly CoveErrorCase TooMany = new(SbiError.Failed, "the TVM has too many regions, or too few page-table pages to divide a page at an end of the range, or that page is invalidated");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 0, 0, "add_mmio_region", [Address, MmioLength],
            "Declares addresses whose loads and stores the host emulates. Exits to the host.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "the range overlaps another, or is wider than the page table"),
                new(SbiError.Failed, "the TVM has too many regions"),
            ],
            AddMmio),
        new(
            CoveExtension.Guest, 1, 1, "remove_mmio_region", [Address, MmioLength],
            "Ends all MMIO regions that have a part in the range. Exits to the host.",
            string.Empty,
            [new(SbiError.InvalidAddress, "the range is wider than the page table")],
            RemoveMmio),
        new(
            CoveExtension.Guest, 2, 2, "share_memory_region", [Address, Length],
            "Makes confidential addresses shared; what is in the memory is lost. Exits to the host; the vCPU cannot be run before the host has removed what was mapped there.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "the range is not confidential memory"),
                TooMany,
            ],
            call => Convert(call, RegionKind.Confidential, RegionKind.Shared)),
        new(
            CoveExtension.Guest, 3, 3, "unshare_memory_region", [Address, Length],
            "The reverse of share_memory_region, in the same way.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "the range is not shared memory"),
                TooMany,
            ],
            call => Convert(call, RegionKind.Shared, RegionKind.Confidential)),
    ];

    private static SbiResult? AddMmio(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        if (!tvm.HasAddresses(call[0], call[1]) || !tvm.Regions.IsAll(call[0], call[1], RegionKind.None))
        {
            return SbiError.InvalidAddress;
        }

        if (!tvm.Regions.TrySet(call[0], call[1], RegionKind.Mmio))
        {
            return SbiError.Failed;
        }

        call.ExitsToHost = true;
        return SbiResult.Success;
    }

    private static SbiResult? RemoveMmio(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        if (!tvm.HasAddresses(call[0], call[1]))
        {
            return SbiError.InvalidAddress;
        }

        foreach ((ulong start, ulong end) in tvm.Regions.Overlapping(call[0], call[1], RegionKind.Mmio))
        {
            tvm.Regions.TrySet(start, end - start, RegionKind.None); // removing whole ranges never makes more
        }

        call.ExitsToHost = true;
        return SbiResult.Success;
    }

    // The host can only remove whole pages: none may reach beyond an end of the range. It does not choose the size of pages by what the TVM will share.
    private static bool TryDivide(CoveCall call, ulong address)
    {
        Tvm tvm = call.Tvm;
        while (tvm.HasAddresses(address, 1) && tvm.Stage.Find(address) is { State: not LeafState.Absent } leaf && leaf.GuestAddress != address)
        {
            if (leaf.State != LeafState.Present || !call.Tsm.TryProvideTables(tvm, 1) || !tvm.Stage.TrySplit(leaf))
            {
                return false;
            }
        }

        return true;
    }

    private static SbiResult? Convert(CoveCall call, RegionKind from, RegionKind to)
    {
        Tvm tvm = call.Tvm;
        if (!tvm.HasAddresses(call[0], call[1]) || !tvm.Regions.IsAll(call[0], call[1], from))
        {
            return SbiError.InvalidAddress;
        }

        if (!TryDivide(call, call[0]) || !TryDivide(call, call[0] + call[1]) || !tvm.Regions.TrySet(call[0], call[1], to))
        {
            return SbiError.Failed;
        }

        call.Vcpu.Conversion = (call[0], call[1]);
        call.ExitsToHost = true;
        return SbiResult.Success;
    }
}
