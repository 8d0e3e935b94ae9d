using CoveJit.Memory.Physical;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>
/// The guest RAM that memory protection tables are made of: pages of 4 KiB from a range that no supervisor domain may access. Entries are read and
/// written whole, so that a hart's look-up sees the old or the new one. Not thread-safe otherwise: for <see cref="RootDomainManager"/>.
/// </summary>
internal sealed class MptMemory
{
    private const ulong PageSize = 0x1000;

    private readonly PhysicalMap _map;
    private readonly Stack<ulong> _free = new();
    private ulong _unused;

    /// <summary>Takes the range.</summary>
    public MptMemory(PhysicalMap map, ulong start, ulong size)
    {
        if (((start | size) & (PageSize - 1)) != 0 || size == 0 || !map.Ram.Contains(start, size))
        {
            throw new ArgumentException($"no whole pages of RAM at 0x{start:x}, size 0x{size:x}");
        }

        _map = map;
        Start = start;
        Size = size;
        _unused = start;
    }

    /// <summary>First address of the range.</summary>
    public ulong Start { get; }

    /// <summary>Size of the range in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Pages that can still be allocated.</summary>
    public int FreePages => _free.Count + (int)((Start + Size - _unused) / PageSize);

    /// <summary>Takes a page, filled with zeroes; there must be one.</summary>
    public ulong Allocate()
    {
        if (!_free.TryPop(out ulong page))
        {
            if (_unused == Start + Size)
            {
                throw new InvalidOperationException("no page was reserved for a memory protection table");
            }

            page = _unused;
            _unused += PageSize;
        }

        _map.Ram.TryClear(page, PageSize);
        return page;
    }

    /// <summary>Gives a page back. No hart may be reading it any more.</summary>
    public void Free(ulong page) => _free.Push(page);

    /// <summary>Reads entry <paramref name="index"/> of a table.</summary>
    public ulong Read(ulong table, int index)
    {
        _map.TryRead(table + (8 * (ulong)index), 8, out ulong entry);
        return entry;
    }

    /// <summary>Writes entry <paramref name="index"/> of a table.</summary>
    public void Write(ulong table, int index, ulong entry) => _map.TryWrite(table + (8 * (ulong)index), 8, entry);
}
