using CoveJit.Attestation.Launch;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: the memory of a TVM.</summary>
internal static class HostMemory
{
    private const ulong PageSize = 4096;

    private static readonly CoveArgument GuestAddress = new("tvm_gpa_addr", ArgumentKind.GuestPage);
    private static readonly CoveArgument Length = new("len", ArgumentKind.PageLength);

    private static readonly CoveErrorCase TooFewTables = new(CoveError.OutOfPageTablePages, "the TVM has too few page-table pages for the mapping");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 9, 8, "add_tvm_memory_region", [Guest, GuestAddress, Length],
            "Declares confidential guest physical addresses, before the TVM is finalized.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "the range overlaps another, or is wider than the page table"),
                new(SbiError.Failed, "the TVM is not TVM_INITIALIZING, or has too many regions"),
            ],
            AddRegion)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 10, 9, "add_tvm_page_table_pages", [Guest, PageAddress, PageCount],
            "Gives a TVM confidential pages for its page table, at any time.",
            string.Empty,
            [new(SbiError.InvalidAddress, "a page is not confidential and unassigned")],
            AddPageTablePages)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 11, 10, "add_tvm_measured_pages",
            [Guest, new("src_addr", ArgumentKind.Page), new("dest_addr", ArgumentKind.Page), PageType, PageCount, GuestPage],
            "Copies the host's pages into confidential ones, measures them with their addresses, 4 KiB by 4 KiB, and maps them, before the TVM is finalized.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a source page is not the host's, a destination page is not confidential and unassigned, an address is not aligned to the page size, or the guest's range is not confidential or not free"),
                TooFewTables,
                new(SbiError.Failed, "the TVM is not TVM_INITIALIZING"),
            ],
            AddMeasuredPages)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 12, 11, "add_tvm_zero_pages",
            [Guest, PageAddress, PageType, PageCount, GuestPage],
            "Maps confidential pages, filled with zeroes, once the TVM is finalized.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is not confidential and unassigned, an address is not aligned to the page size, or the guest's range is not confidential or not free"),
                TooFewTables,
                new(SbiError.Failed, "the TVM is not TVM_RUNNABLE"),
            ],
            AddZeroPages)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 13, 12, "add_tvm_shared_pages",
            [Guest, PageAddress, PageType, PageCount, GuestPage],
            "Maps the host's pages where the TVM has declared shared memory. They cannot be converted while they are mapped, and the TVM cannot execute them.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is not the host's, an address is not aligned to the page size, or the guest's range is not shared or not free"),
                TooFewTables,
                new(SbiError.Failed, "the TVM is not TVM_RUNNABLE, or the memory for protection tables is used up"),
            ],
            AddSharedPages),
        new(
            CoveExtension.Host, 16, 15, "tvm_fence", [Guest],
            "Begins a fence of a TVM's translations: complete when every vCPU that runs now has exited.",
            string.Empty,
            [new(SbiError.AlreadyStarted, "the one before is not complete")],
            BeginFence),
        new(
            CoveExtension.Host, 17, 16, "tvm_invalidate_pages", [Guest, GuestAddress, Length],
            "Takes mappings away for the time being: accesses exit to the host once the TVM is fenced.",
            string.Empty,
            [new(SbiError.InvalidAddress, "a page is not mapped, or a larger one reaches beyond the range")],
            Invalidate),
        new(
            CoveExtension.Host, 18, 17, "tvm_validate_pages", [Guest, GuestAddress, Length],
            "Brings invalidated mappings back.",
            string.Empty,
            [new(SbiError.InvalidAddress, "a page is not invalidated, or a larger one reaches beyond the range")],
            Validate),
        new(
            CoveExtension.Host, 19, 20, "tvm_remove_pages", [Guest, GuestAddress, Length],
            "Removes invalidated and fenced mappings: those of shared pages, and of confidential ones where the TVM has shared the range. The latter become unassigned.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is not invalidated, not fenced since, or confidential where the TVM has not given it up, or a larger one reaches beyond the range"),
            ],
            Remove),
    ];

    private static SbiResult? AddRegion(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        if (!tvm.HasAddresses(call[1], call[2]) || !tvm.Regions.IsAll(call[1], call[2], RegionKind.None))
        {
            return SbiError.InvalidAddress;
        }

        return tvm.State == TvmState.Initializing && tvm.Regions.TrySet(call[1], call[2], RegionKind.Confidential) ? SbiResult.Success : SbiError.Failed;
    }

    private static SbiResult? AddPageTablePages(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        if (!pages.Are(call[1], call[2], PageKind.Unassigned))
        {
            return SbiError.InvalidAddress;
        }

        pages.Set(call[1], call[2], PageKind.PageTablePool, call.Tvm.Id);
        for (ulong i = 0; i < call[2]; i++)
        {
            call.Tvm.Stage.AddTable(call[1] + (i * PageSize));
        }

        return SbiResult.Success;
    }

    private static SbiResult? AddMeasuredPages(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        Mapping mapping = new(call.Tvm, call[2], (int)call[3], call[4], call[5]);
        if (!mapping.IsAligned
            || !pages.Are(mapping.Address, mapping.Pages, PageKind.Unassigned)
            || !pages.AreHostMemory(call[1], mapping.Length)
            || !mapping.IsIn(RegionKind.Confidential))
        {
            return SbiError.InvalidAddress;
        }

        if (call.Tvm.State != TvmState.Initializing)
        {
            return SbiError.Failed;
        }

        if (mapping.Map(call.Tsm, LeafKind.Confidential) is SbiError error and not SbiError.Success)
        {
            return error;
        }

        // The copy is measured, not the source, which the host may write to meanwhile.
        pages.SetData(mapping.Address, mapping.Pages, call.Tvm.Id, mapping.GuestAddress);
        call.Tsm.Copy(call[1], mapping.Address, mapping.Length);
        for (ulong i = 0; i < mapping.Length; i += PageSize)
        {
            call.Tvm.Measurements.MeasurePages(mapping.GuestAddress + i, call.Tsm.PageBytes(mapping.Address + i));
        }

        call.Tsm.Recorder?.Add(call.Tvm, mapping.GuestAddress, call.Tsm.Bytes(mapping.Address, mapping.Length), (LaunchPageType)call[3]);

        return SbiResult.Success;
    }

    private static SbiResult? AddZeroPages(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        Mapping mapping = new(call.Tvm, call[1], (int)call[2], call[3], call[4]);
        if (!mapping.IsAligned || !pages.Are(mapping.Address, mapping.Pages, PageKind.Unassigned) || !mapping.IsIn(RegionKind.Confidential))
        {
            return SbiError.InvalidAddress;
        }

        if (call.Tvm.State != TvmState.Runnable)
        {
            return SbiError.Failed;
        }

        // Before they are mapped: vCPUs run.
        pages.Ram.TryClear(mapping.Address, mapping.Length);
        if (mapping.Map(call.Tsm, LeafKind.Confidential) is SbiError error and not SbiError.Success)
        {
            return error;
        }

        pages.SetData(mapping.Address, mapping.Pages, call.Tvm.Id, mapping.GuestAddress);
        return SbiResult.Success;
    }

    private static SbiResult? AddSharedPages(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        Mapping mapping = new(call.Tvm, call[1], (int)call[2], call[3], call[4]);
        if (!mapping.IsAligned || !pages.IsRam(mapping.Address, mapping.Pages) || !mapping.IsIn(RegionKind.Shared))
        {
            return SbiError.InvalidAddress;
        }

        if (call.Tvm.State != TvmState.Runnable)
        {
            return SbiError.Failed;
        }

        if (!pages.Pin(mapping.Address, mapping.Pages))
        {
            return SbiError.InvalidAddress;
        }

        SbiError error = pages.Share(mapping.Address, mapping.Pages, call.Hart) == DomainError.None ? mapping.Map(call.Tsm, LeafKind.Shared) : SbiError.Failed;

        if (error != SbiError.Success)
        {
            pages.Unpin(mapping.Address, mapping.Pages);
        }

        return error;
    }

    private static SbiResult? BeginFence(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        if (tvm.OldestRunning < tvm.Epoch)
        {
            return SbiError.AlreadyStarted;
        }

        tvm.Epoch = call.Tsm.NextEpoch();
        call.Tsm.Devices?.Forget(tvm);
        return SbiResult.Success;
    }

    private static SbiResult? Invalidate(CoveCall call) => Change(call, leaf => leaf.State == LeafState.Present, leaf =>
    {
        call.Tvm.Stage.SetPresent(leaf, false);
        call.Tvm.Blocked[leaf.GuestAddress] = call.Tvm.Epoch;
    });

    private static SbiResult? Validate(CoveCall call) => Change(call, leaf => leaf.State == LeafState.Blocked, leaf =>
    {
        call.Tvm.Stage.SetPresent(leaf, true);
        call.Tvm.Blocked.Remove(leaf.GuestAddress);
    });

    private static SbiResult? Remove(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        ulong fenced = tvm.OldestRunning;
        return Change(
            call,
            leaf => leaf.State == LeafState.Blocked
                && tvm.Blocked[leaf.GuestAddress] < fenced
                && (leaf.IsShared || !tvm.Regions.IsAll(leaf.GuestAddress, PageSize, RegionKind.Confidential)),
            leaf =>
            {
                tvm.Stage.Remove(leaf);
                tvm.Blocked.Remove(leaf.GuestAddress);
                call.Tsm.Release(leaf);
            });
    }

    // Does something with each mapping of a range, if all of it is mapped in a way that qualifies.
    private static SbiResult? Change(CoveCall call, Func<GuestLeaf, bool> qualifies, Action<GuestLeaf> change)
    {
        (ulong start, ulong length) = (call[1], call[2]);
        Tvm tvm = call.Tvm;
        if (!tvm.HasAddresses(start, length))
        {
            return SbiError.InvalidAddress;
        }

        ulong covered = start;
        bool all = tvm.Stage.ForEach(start, length, leaf =>
        {
            bool fits = leaf.GuestAddress == covered && leaf.GuestAddress - start <= length - leaf.Size && leaf.Size <= length;
            covered = leaf.GuestAddress + leaf.Size;
            return fits && !leaf.IsInterruptFile && !leaf.IsDevice && qualifies(leaf);
        });
        if (!all || covered != start + length)
        {
            return SbiError.InvalidAddress;
        }

        tvm.Stage.ForEach(start, length, leaf =>
        {
            change(leaf);
            return true;
        });
        return SbiResult.Success;
    }

    // Pages of one size that are to be mapped. The arguments' own rules hold.
    private readonly struct Mapping(Tvm tvm, ulong address, int level, ulong count, ulong guestAddress)
    {
        public ulong Address => address;

        public ulong GuestAddress => guestAddress;

        public ulong Pages => count << (9 * level);

        public ulong Length => Pages * PageSize;

        public bool IsAligned => ((address | guestAddress) & ((PageSize << (9 * level)) - 1)) == 0;

        /// <summary>Whether the guest's range is of a kind. The pages are RAM, so that their length has no overflow.</summary>
        public bool IsIn(RegionKind kind) => tvm.HasAddresses(guestAddress, Length) && tvm.Regions.IsAll(guestAddress, Length, kind);

        public SbiError Map(SecurityManager tsm, LeafKind kind) => tsm.Map(tvm, guestAddress, address, level, count, kind) switch
        {
            MapError.None => SbiError.Success,
            MapError.TooFewTables => CoveError.OutOfPageTablePages,
            _ => SbiError.InvalidAddress,
        };
    }
}
