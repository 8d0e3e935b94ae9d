using CoveJit.Harts;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Tsm.Pages;

/// <summary>
/// The TSM's pages: what each is, and whose among the TVMs. Which supervisor domain a page belongs to is the root domain security manager's to know
/// (<see cref="RootDomainManager"/>); whoever changes it here has it changed there first, and with that the memory protection tables. For the holder
/// of the TSM's lock.
/// </summary>
internal sealed unsafe class ConfidentialPages : IDisposable
{
    private const int PageShift = GuestRam.PageShift;
    private const ulong PageSize = 1UL << PageShift;

    private readonly NativeMemoryBlock _memory;
    private readonly RootDomainManager _root;
    private readonly SupervisorDomain _confidential;

    public ConfidentialPages(GuestRam ram, RootDomainManager root, SupervisorDomain confidential)
    {
        Ram = ram;
        LowestUnassigned = ram.Base + ram.Size;
        _root = root;
        _confidential = confidential;
        _memory = new NativeMemoryBlock((ram.Size >> PageShift) * (ulong)sizeof(PageState)); // costs nothing before it is used
    }

    public GuestRam Ram { get; }

    /// <summary>No page below this address is unassigned, so that looking for one does not begin at the start of RAM.</summary>
    public ulong LowestUnassigned { get; set; }

    /// <summary>Records from the one of an address, which is RAM, to the end of RAM.</summary>
    public ref PageState this[ulong address] => ref ((PageState*)_memory.Pointer)[(address - Ram.Base) >> PageShift];

    /// <summary>Whether a range of whole pages is RAM, every page of one kind and of one TVM.</summary>
    public bool Are(ulong address, ulong pages, PageKind kind, uint guest = 0)
    {
        if (!IsRam(address, pages))
        {
            return false;
        }

        foreach (ref readonly PageState page in Range(address, pages))
        {
            if (page.Kind != kind || page.Guest != guest)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a range of bytes is RAM that the host may read and write, and the TSM may on its behalf.</summary>
    public bool AreHostMemory(ulong address, ulong length) =>
        length != 0 && Ram.Contains(address, length) && _root.Permits(RootDomainManager.HostSdid, address, length, MptPermissions.ReadWrite);

    /// <summary>Sets the records of a range of pages, which is RAM.</summary>
    public void Set(ulong address, ulong pages, PageKind kind, uint guest = 0)
    {
        Range(address, pages).Fill(PageState.Of(kind, guest));
        LowestUnassigned = kind == PageKind.Unassigned ? Math.Min(LowestUnassigned, address) : LowestUnassigned;
    }

    /// <summary>Sets the records of a TVM's memory, which is contiguous in both address spaces.</summary>
    public void SetData(ulong address, ulong pages, uint guest, ulong guestAddress)
    {
        ulong guestPage = guestAddress >> PageShift;
        foreach (ref PageState page in Range(address, pages))
        {
            page = PageState.Of(PageKind.TvmData, guest, guestPage++);
        }
    }

    /// <summary>Takes pages from the host: from now on it cannot access them. They are fenced before they are used.</summary>
    /// <returns>False, and nothing changed, if a page is not the host's alone, or is pinned.</returns>
    public DomainError TakeFromHost(ulong address, ulong pages, Hart hart)
    {
        if (!IsRam(address, pages))
        {
            return DomainError.BadRange;
        }

        foreach (ref readonly PageState page in Range(address, pages))
        {
            if (page.Kind != PageKind.NonConfidential || page.Pins != 0)
            {
                return DomainError.NotOwner;
            }
        }

        if (!_root.Permits(RootDomainManager.HostSdid, address, pages << PageShift, MptPermissions.All))
        {
            return DomainError.NotOwner;
        }

        DomainError error = ForEachRun(address, pages, shared: true, (start, length) =>
            _root.Unshare(start, length, _root.Host, _confidential, MptPermissions.All, hart));
        if (error == DomainError.None)
        {
            error = _root.SetPermissions(address, pages << PageShift, _root.Host, MptPermissions.None, hart);
        }

        if (error == DomainError.None)
        {
            Set(address, pages, PageKind.Converting);
        }

        return error;
    }

    /// <summary>Makes pages confidential whose fence is complete. What is in them is still the host's: who uses them clears or fills them first.</summary>
    public DomainError MakeConfidential(ulong address, ulong pages, Hart hart)
    {
        DomainError error = _root.Assign(address, pages << PageShift, _root.Host, _confidential, MptPermissions.All, hart, clears: false);
        if (error == DomainError.None)
        {
            Set(address, pages, PageKind.Unassigned);
        }

        return error;
    }

    /// <summary>Gives pages back to the host, empty.</summary>
    public DomainError ReturnToHost(ulong address, ulong pages, Hart hart)
    {
        DomainError error = _root.Assign(address, pages << PageShift, _confidential, _root.Host, MptPermissions.All, hart);
        if (error == DomainError.None)
        {
            Set(address, pages, PageKind.NonConfidential);
        }

        return error;
    }

    /// <summary>Keeps pages of the host's from being converted.</summary>
    /// <returns>False, and nothing changed, if a page is not the host's, or has all the pins that it can have.</returns>
    public bool Pin(ulong address, ulong pages)
    {
        if (!IsRam(address, pages) || !_root.Permits(RootDomainManager.HostSdid, address, pages << PageShift, MptPermissions.ReadWrite))
        {
            return false;
        }

        foreach (ref readonly PageState page in Range(address, pages))
        {
            if (page.Kind != PageKind.NonConfidential || page.Pins == ushort.MaxValue)
            {
                return false;
            }
        }

        foreach (ref PageState page in Range(address, pages))
        {
            page = page with { Pins = (ushort)(page.Pins + 1) };
        }

        return true;
    }

    public void Unpin(ulong address, ulong pages)
    {
        foreach (ref PageState page in Range(address, pages))
        {
            page = page with { Pins = (ushort)(page.Pins - 1) };
        }
    }

    /// <summary>Lets the confidential domain read and write pages of the host's that a TVM is about to have mapped. It may until they are converted.</summary>
    public DomainError Share(ulong address, ulong pages, Hart hart) => ForEachRun(address, pages, shared: false, (start, length) =>
        _root.Share(start, length, _root.Host, _confidential, MptPermissions.All, MptPermissions.ReadWrite, hart));

    /// <summary>How many pages are confidential and nobody's.</summary>
    public long CountUnassigned()
    {
        long count = 0;
        foreach (ref readonly PageState page in Range(Ram.Base, Ram.Size >> PageShift))
        {
            count += page.Kind == PageKind.Unassigned ? 1 : 0;
        }

        return count;
    }

    /// <summary>All pages assigned to a TVM become unassigned.</summary>
    public void FreeAll(uint guest)
    {
        foreach (ref PageState page in Range(Ram.Base, Ram.Size >> PageShift))
        {
            if (page.Guest == guest)
            {
                page = PageState.Of(PageKind.Unassigned);
            }
        }

        LowestUnassigned = Ram.Base;
    }

    public bool IsRam(ulong address, ulong pages) => pages != 0 && pages <= Ram.Size >> PageShift && Ram.Contains(address, pages << PageShift);

    public Span<PageState> Range(ulong address, ulong pages) => new(((PageState*)_memory.Pointer) + ((address - Ram.Base) >> PageShift), checked((int)pages));

    public void Dispose() => _memory.Dispose();

    // Calls for each run of pages that are, or are not, shared with the confidential domain.
    private DomainError ForEachRun(ulong address, ulong pages, bool shared, Func<ulong, ulong, DomainError> change)
    {
        ulong end = address + (pages << PageShift);
        DomainError error = DomainError.None;
        for (ulong start = address; start < end && error == DomainError.None;)
        {
            bool isShared = _root.Owner(start).IsShared;
            ulong stop = start + PageSize;
            while (stop < end && _root.Owner(stop).IsShared == isShared)
            {
                stop += PageSize;
            }

            error = isShared == shared ? change(start, stop - start) : DomainError.None;
            start = stop;
        }

        return error;
    }
}
