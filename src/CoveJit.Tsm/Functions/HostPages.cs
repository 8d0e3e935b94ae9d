using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: pages on their way from the host to the TSM and back.</summary>
internal static class HostPages
{
    private const ulong PageSize = 4096;

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 1, 1, "convert_pages", [PageAddress, PageCount],
            "Takes pages of 4 KiB from the host, which cannot access them from then on. They are confidential once a global fence that begins later is complete.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is not RAM of the host's alone: confidential, shared with a TVM or the TSM, or firmware's"),
                new(SbiError.Failed, "the memory for protection tables is used up"),
            ],
            ConvertPages)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 2, 2, "reclaim_pages", [PageAddress, PageCount],
            "Gives confidential pages back to the host, filled with zeroes. Pages that are not confidential stay as they are.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is assigned to a TVM, waits for a fence, or is not RAM of either side"),
                new(SbiError.Failed, "the memory for protection tables is used up"),
            ],
            ReclaimPages)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 3, 3, "global_fence", [],
            "Begins a fence for all pages that were converted before. It counts as the caller's local fence; stopped harts need none.",
            string.Empty,
            [new(SbiError.AlreadyStarted, "the one before is not complete")],
            BeginFence)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 4, 4, "local_fence", [],
            "The calling hart's part of the fence that is under way, if there is one. The last part completes it.",
            string.Empty,
            [],
            PassFence)
        { IsDynamic = true },
    ];

    private static SbiResult? ConvertPages(CoveCall call)
    {
        switch (call.Tsm.Pages.TakeFromHost(call[0], call[1], call.Hart))
        {
            case DomainError.None:
                call.Tsm.Fence.Add(call[0], call[1]);
                return SbiResult.Success;
            case DomainError.OutOfMemory:
                return SbiError.Failed;
            default:
                return SbiError.InvalidAddress;
        }
    }

    private static SbiResult? ReclaimPages(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        if (!pages.IsRam(call[0], call[1]))
        {
            return SbiError.InvalidAddress;
        }

        ulong end = call[0] + (call[1] * PageSize);
        for (ulong at = call[0]; at < end; at += PageSize)
        {
            if (pages[at].Kind != PageKind.Unassigned && (pages[at].Kind != PageKind.NonConfidential || !pages.AreHostMemory(at, PageSize)))
            {
                return SbiError.InvalidAddress;
            }
        }

        for (ulong at = call[0]; at < end;)
        {
            ulong start = at;
            PageKind kind = pages[start].Kind;
            while (at < end && pages[at].Kind == kind)
            {
                at += PageSize;
            }

            if (kind == PageKind.Unassigned && pages.ReturnToHost(start, (at - start) / PageSize, call.Hart) != DomainError.None)
            {
                return SbiError.Failed;
            }
        }

        return SbiResult.Success;
    }

    private static SbiResult? BeginFence(CoveCall call)
    {
        if (call.Tsm.Fence.IsRunning)
        {
            return SbiError.AlreadyStarted;
        }

        foreach ((ulong address, ulong count) in call.Tsm.Fence.Begin(call.Hart))
        {
            call.Tsm.Pages.Set(address, count, PageKind.Fencing);
        }

        call.Tsm.GuestFiles.BeginFence();

        call.Tsm.EndFence(call.Hart);
        return SbiResult.Success;
    }

    private static SbiResult? PassFence(CoveCall call)
    {
        call.Tsm.Fence.Pass(call.Hart);
        call.Tsm.EndFence(call.Hart);
        return SbiResult.Success;
    }
}
