using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>Who owns what: a record for each page of RAM. The memory protection tables are made to agree with it, never the other way round.</summary>
internal sealed class PageTracker
{
    private const int PageShift = 12;
    private const ulong PageMask = (1UL << PageShift) - 1;

    private readonly PageRecord[] _pages;

    /// <summary>Makes a tracker of RAM that is M-mode's.</summary>
    public PageTracker(ulong start, ulong size)
    {
        Start = start;
        Size = size;
        _pages = new PageRecord[size >> PageShift];
        Array.Fill(_pages, PageRecord.Root);
    }

    /// <summary>First address of RAM.</summary>
    public ulong Start { get; }

    /// <summary>Size of RAM in bytes.</summary>
    public ulong Size { get; }

    /// <summary>The record of a page, by an address in it.</summary>
    public ref PageRecord this[ulong address] => ref _pages[(address - Start) >> PageShift];

    /// <summary>Whether a range is one of whole pages of RAM, and not empty.</summary>
    public bool IsRange(ulong start, ulong size) => size != 0 && ((start | size) & PageMask) == 0 && Contains(start, size);

    /// <summary>The records of a range of whole pages.</summary>
    public Span<PageRecord> Range(ulong start, ulong size) => _pages.AsSpan((int)((start - Start) >> PageShift), (int)(size >> PageShift));

    /// <summary>Whether a domain may access all bytes of a range so; false of what is not RAM.</summary>
    public bool Permits(uint sdid, ulong start, ulong size, MptPermissions permissions)
    {
        if (!Contains(start, size))
        {
            return false;
        }

        for (ulong page = start & ~PageMask; page < start + size; page += PageMask + 1)
        {
            if ((this[page].PermissionsOf(sdid) & permissions) != permissions)
            {
                return false;
            }
        }

        return true;
    }

    private bool Contains(ulong start, ulong size) => start >= Start && start - Start < Size && size <= Size - (start - Start);
}
