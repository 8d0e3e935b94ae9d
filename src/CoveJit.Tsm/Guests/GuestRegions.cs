namespace CoveJit.Tsm.Guests;

/// <summary>The guest physical address space of a TVM by what it is for: sorted ranges that do not overlap. Equal neighbours are merged, but for MMIO,
/// whose ranges the TVM removes as it has added them.</summary>
internal sealed class GuestRegions
{
    // A TVM is hostile too: what it may make the TSM remember is bounded.
    private const int MaximumRegions = 1024;

    private readonly List<(ulong Start, ulong End, RegionKind Kind)> _regions = [];

    /// <summary>What an address is for.</summary>
    public RegionKind this[ulong address] => Find(address) is int index and >= 0 ? _regions[index].Kind : RegionKind.None;

    /// <summary>Whether all of a range is of one kind. The range does not wrap.</summary>
    public bool IsAll(ulong start, ulong length, RegionKind kind)
    {
        ulong end = start + length;
        for (ulong at = start; at < end;)
        {
            int index = Find(at);
            RegionKind found = index < 0 ? RegionKind.None : _regions[index].Kind;
            if (found != kind)
            {
                return false;
            }

            at = index < 0 ? NextStart(at) : _regions[index].End;
        }

        return true;
    }

    /// <summary>Makes a range one of a kind, whatever it was.</summary>
    /// <returns>False, and nothing changed, if there would be too many ranges.</returns>
    public bool TrySet(ulong start, ulong length, RegionKind kind)
    {
        ulong end = start + length;
        List<(ulong Start, ulong End, RegionKind Kind)> pieces = [];
        foreach ((ulong Start, ulong End, RegionKind Kind) region in _regions)
        {
            if (region.End <= start || region.Start >= end)
            {
                pieces.Add(region);
                continue;
            }

            if (region.Start < start)
            {
                pieces.Add((region.Start, start, region.Kind));
            }

            if (region.End > end)
            {
                pieces.Add((end, region.End, region.Kind));
            }
        }

        if (kind != RegionKind.None)
        {
            pieces.Add((start, end, kind));
        }

        if (pieces.Count > MaximumRegions)
        {
            return false;
        }

        _regions.Clear();
        foreach ((ulong Start, ulong End, RegionKind Kind) piece in pieces.OrderBy(p => p.Start))
        {
            if (_regions.Count != 0 && _regions[^1].End == piece.Start && _regions[^1].Kind == piece.Kind && piece.Kind != RegionKind.Mmio)
            {
                _regions[^1] = (_regions[^1].Start, piece.End, piece.Kind);
            }
            else
            {
                _regions.Add(piece);
            }
        }

        return true;
    }

    /// <summary>The ranges of a kind that have a part in a range, whole.</summary>
    public IReadOnlyList<(ulong Start, ulong End)> Overlapping(ulong start, ulong length, RegionKind kind) =>
        [.. _regions.Where(r => r.Kind == kind && r.Start < start + length && r.End > start).Select(r => (r.Start, r.End))];

    private int Find(ulong address)
    {
        int low = 0;
        int high = _regions.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (address < _regions[middle].Start)
            {
                high = middle - 1;
            }
            else if (address >= _regions[middle].End)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return -1;
    }

    private ulong NextStart(ulong address)
    {
        foreach ((ulong start, _, _) in _regions)
        {
            if (start > address)
            {
                return start;
            }
        }

        return ulong.MaxValue;
    }
}
