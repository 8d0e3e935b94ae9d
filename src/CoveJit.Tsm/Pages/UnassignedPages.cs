namespace CoveJit.Tsm.Pages;

/// <summary>Finds confidential pages that nobody uses, for a TVM that the TSM makes by itself. Single pages are found once;
/// several that follow each other may be found again until they are assigned.</summary>
internal sealed class UnassignedPages(ConfidentialPages pages)
{
    private const ulong PageSize = 4096;

    // No page below is unassigned.
    private ulong _next = pages.LowestUnassigned;

    /// <summary>Takes pages that follow each other.</summary>
    /// <param name="count">How many: a power of two, to which they are aligned.</param>
    /// <param name="address">The first one.</param>
    /// <returns>False if there are none.</returns>
    public bool TryTake(ulong count, out ulong address)
    {
        ulong size = count * PageSize;
        address = count == 1 ? _next : (_next + size - 1) & ~(size - 1);
        for (; address < pages.Ram.Base + pages.Ram.Size; address += size)
        {
            if (pages.Are(address, count, PageKind.Unassigned))
            {
                if (count == 1)
                {
                    // Those that were found before may still be unassigned.
                    pages.LowestUnassigned = _next == pages.LowestUnassigned ? address : pages.LowestUnassigned;
                    _next = address + PageSize;
                }

                return true;
            }
        }

        return false;
    }
}
