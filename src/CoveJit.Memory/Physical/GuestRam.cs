using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CoveJit.Memory.Physical;

/// <summary>
/// Guest RAM: one native mapping, lazily committed, with a byte of <see cref="PageFlags"/> for each 4 KiB page.
/// Raw pointers are for the TLB, the walkers and the DMA ports, which check bounds; everybody else goes through spans.
/// </summary>
public sealed unsafe class GuestRam : IDisposable
{
    /// <summary>log2 of the page size.</summary>
    public const int PageShift = 12;

    private const ulong LargePage = 2UL << 20;

    private readonly NativeMemoryBlock _memory;
    private readonly NativeMemoryBlock _flags;
    private IPageWriteObserver[] _observers = [];

    /// <summary>Maps <paramref name="size"/> bytes of RAM at guest physical address <paramref name="baseAddress"/>.</summary>
    /// <exception cref="ArgumentException">Base or size is not a multiple of 4 KiB, or the size is 0.</exception>
    public GuestRam(ulong baseAddress, ulong size)
    {
        if (((baseAddress | size) & 0xFFF) != 0 || size == 0)
        {
            throw new ArgumentException("RAM base and size must be multiples of 4 KiB, size not zero");
        }

        Base = baseAddress;
        Size = size;
        _memory = new NativeMemoryBlock(size);
        _memory.PreferLargePages(); // the host's own TLB misses cost as much as the guest's
        _flags = new NativeMemoryBlock(size >> PageShift);
        Pointer = _memory.Pointer;
        Flags = (PageFlags*)_flags.Pointer;
    }

    /// <summary>Guest physical address of the first byte.</summary>
    public ulong Base { get; }

    /// <summary>Size in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Bytes of RAM that have been touched and are in the host's memory.</summary>
    public ulong ResidentBytes => _memory.CountResident();

    /// <summary>Host address of the first byte.</summary>
    public byte* Pointer { get; }

    /// <summary>One byte of flags for each page.</summary>
    public PageFlags* Flags { get; }

    /// <summary>Whether all of [address, address + length) is RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(ulong address, ulong length) => address - Base < Size && length <= Size - (address - Base);

    /// <summary>Host address of a guest physical address, which the caller has checked with <see cref="Contains"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* HostAddress(ulong address) => Pointer + (address - Base);

    /// <summary>The flags of the page that holds a RAM address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageFlags FlagsOf(ulong address) => (PageFlags)Volatile.Read(ref FlagByte(address));

    /// <summary>Sets flags of a page, with a full fence, so that a TLB fill either sees them or is seen by the scan that follows.</summary>
    public void SetFlags(ulong address, PageFlags flags) => Update(ref FlagByte(address), (byte)flags, 0);

    /// <summary>Clears flags of a page.</summary>
    public void ClearFlags(ulong address, PageFlags flags) => Update(ref FlagByte(address), 0, (byte)flags);

    /// <summary>Adds an observer of stores to flagged pages. Only while no hart runs.</summary>
    public void AddObserver(IPageWriteObserver observer)
    {
        _observers = [.. _observers, observer];
    }

    /// <summary>Tells the observers of a store, if the page has flags. The range must lie in one page of RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NotifyWrite(ulong address, int length)
    {
        PageFlags flags = FlagsOf(address);
        if ((flags & PageFlags.SlowStores) != 0)
        {
            NotifyObservers(address, length, flags);
        }
    }

    /// <summary>As <see cref="NotifyWrite"/>, for a range of RAM that may lie in several pages.</summary>
    public void NotifyWrites(ulong address, ulong length)
    {
        ulong end = address + length;
        while (address < end)
        {
            ulong next = Math.Min(end, (address | 0xFFF) + 1);
            NotifyWrite(address, (int)(next - address));
            address = next;
        }
    }

    /// <summary>Copies bytes out of RAM; false if the range is not all RAM.</summary>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!Contains(address, (ulong)destination.Length))
        {
            return false;
        }

        new ReadOnlySpan<byte>(HostAddress(address), destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>Copies bytes into RAM and tells the observers of flagged pages; false (nothing written) if the range is not all RAM.</summary>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!Contains(address, (ulong)source.Length))
        {
            return false;
        }

        source.CopyTo(new Span<byte>(HostAddress(address), source.Length));
        Interlocked.MemoryBarrier(); // the bytes before the look at the flags: a hart that decodes the page sets its flag before it reads
        NotifyWrites(address, (ulong)source.Length);
        return true;
    }

    /// <summary>Fills a range with zeroes and tells the observers of flagged pages; false (nothing written) if the range is not all RAM.</summary>
    public bool TryClear(ulong address, ulong length)
    {
        if (!Contains(address, length))
        {
            return false;
        }

        Clear(address, length);
        Interlocked.MemoryBarrier();
        NotifyWrites(address, length);
        return true;
    }

    // Large pages go back to the host, which has zeroes for them at the next touch, if there is one: what nobody touched stays untouched.
    private void Clear(ulong address, ulong length)
    {
        ulong start = address - Base;
        ulong end = start + length;
        ulong misalignment = (ulong)Pointer & (LargePage - 1);
        ulong firstLarge = ((start + misalignment + LargePage - 1) & ~(LargePage - 1)) - misalignment;
        ulong endLarge = ((end + misalignment) & ~(LargePage - 1)) - misalignment;
        if (firstLarge < endLarge && _memory.Discard(firstLarge, endLarge - firstLarge))
        {
            NativeMemory.Clear(Pointer + start, (nuint)(firstLarge - start));
            NativeMemory.Clear(Pointer + endLarge, (nuint)(end - endLarge));
        }
        else
        {
            NativeMemory.Clear(Pointer + start, (nuint)length);
        }
    }

    /// <summary>Unmaps the RAM. Nothing may run on it any more.</summary>
    public void Dispose()
    {
        _memory.Dispose();
        _flags.Dispose();
    }

    private static void Update(ref byte flags, byte set, byte clear)
    {
        byte seen = Volatile.Read(ref flags);
        byte before;
        do
        {
            before = seen;
            seen = Interlocked.CompareExchange(ref flags, (byte)((before | set) & ~clear), before);
        }
        while (seen != before);
    }

    private ref byte FlagByte(ulong address) => ref *((byte*)Flags + ((address - Base) >> PageShift));

    private void NotifyObservers(ulong address, int length, PageFlags flags)
    {
        foreach (IPageWriteObserver observer in _observers)
        {
            observer.OnWrite(address, length, flags);
        }
    }
}
