using CoveJit.Devices.Iommu;
using CoveJit.Devices.Pcie;
using CoveJit.Memory.Physical;

namespace CoveJit.Tsm.Devices;

/// <summary>
/// The TSM as the driver of its IOMMU: a device directory of three levels and a command queue in confidential memory. A device context has the TVM's
/// G-stage page table as its second stage, so functions see the TVM's guest physical addresses, interrupt files of bound vCPUs among them.
/// For the holder of the TSM's lock.
/// </summary>
internal sealed class TsmIommu
{
    private const ulong PageSize = 4096;
    private const ulong DirectoryPointer = 0x10;
    private const ulong CommandBase = 0x18;
    private const ulong CommandHead = 0x20;
    private const ulong CommandTail = 0x24;
    private const ulong CommandControl = 0x48;
    private const ulong CommandErrors = 7 << 8;
    private const ulong ThreeLevels = 4;
    private const int QueueExponent = 8; // one page
    private const ulong CommandSize = 16;
    private const ulong EntryValid = 1;
    private const int EntrySize = 8;
    private const ulong ContextSize = 64;
    private const int DeviceBits = 6; // of a directory of the last level
    private const int IndexBits = 9;

    private const ulong InvalidateGuest = 0x081;
    private const ulong InvalidateDirectory = 0x003;
    private const ulong Fence = 0x002;
    private const ulong Valid = 1UL << 33; // GV, DV
    private const int GuestShift = 44;
    private const int DeviceShift = 40;

    private readonly RiscvIommu _iommu;
    private readonly GuestRam _ram;
    private readonly ulong _root;
    private readonly ulong _queue;
    private readonly ulong _end;
    private readonly Stack<ulong> _emptied = [];
    private ulong _free;
    private uint _tail;

    /// <summary>Takes an IOMMU over.</summary>
    /// <param name="iommu">The IOMMU.</param>
    /// <param name="ram">RAM.</param>
    /// <param name="memory">Pages for its structures, empty.</param>
    public TsmIommu(RiscvIommu iommu, GuestRam ram, (ulong Start, ulong Size) memory)
    {
        const ulong On = 1;
        _iommu = iommu;
        _ram = ram;
        _root = memory.Start;
        _queue = memory.Start + PageSize;
        _free = memory.Start + (2 * PageSize);
        _end = memory.Start + memory.Size;
        iommu.TryWrite(CommandBase, sizeof(ulong), (_queue >> 2) | (QueueExponent - 1));
        iommu.TryWrite(CommandControl, sizeof(uint), On);
        iommu.TryWrite(DirectoryPointer, sizeof(ulong), (_root >> 2) | ThreeLevels);
    }

    /// <summary>Whether all commands have been executed, and none was in error.</summary>
    public bool IsIdle
    {
        get
        {
            _iommu.TryRead(CommandHead, sizeof(uint), out ulong head);
            _iommu.TryRead(CommandControl, sizeof(uint), out ulong control);
            return head == _tail && (control & CommandErrors) == 0;
        }
    }

    /// <summary>Writes a function's device context, not valid: its requests are refused.</summary>
    /// <returns>False if there is no memory for the directory.</returns>
    public bool TryPrepare(RequesterId function, ulong iohgatp)
    {
        if (Locate(function, extend: true) is not ulong context)
        {
            return false;
        }

        Write(context, 0);
        Write(context + 8, iohgatp);
        for (ulong offset = 16; offset < ContextSize; offset += 8)
        {
            Write(context + offset, 0);
        }

        return true;
    }

    /// <summary>Lets a function's requests through.</summary>
    public void Enable(RequesterId function) => SetValid(function, EntryValid);

    /// <summary>Stops a function's requests, waits for those under way, and forgets its device context. Tables that have nothing left are used again.</summary>
    public void Remove(RequesterId function)
    {
        if (Locate(function, extend: false) is not ulong context)
        {
            return;
        }

        SetValid(function, 0);
        for (ulong offset = 0; offset < ContextSize; offset += 8)
        {
            Write(context + offset, 0);
        }

        foreach (ulong at in Path(function).Reverse())
        {
            ulong table = TableOf(Read(at));
            if (!IsEmpty(table))
            {
                break;
            }

            Write(at, 0);
            _emptied.Push(table);
        }

        Execute(InvalidateDirectory);
        Execute(Fence);
    }

    /// <summary>Waits for the requests that were translated by a TVM's page table as it was before: IOTINVAL.GVMA and IOFENCE.C.</summary>
    public void Forget(uint vmid)
    {
        Execute(InvalidateGuest | Valid | ((ulong)vmid << GuestShift));
        Execute(Fence);
    }

    private void SetValid(RequesterId function, ulong valid)
    {
        if (Locate(function, extend: false) is ulong context)
        {
            Write(context, valid);
            Execute(InvalidateDirectory | Valid | ((ulong)function.Value << DeviceShift));
            Execute(Fence);
        }
    }

    // The address of a function's device context.
    private ulong? Locate(RequesterId function, bool extend)
    {
        ulong table = _root;
        foreach (ulong at in Path(function))
        {
            if (Read(at) == 0)
            {
                if (!extend || Take() is not ulong taken)
                {
                    return null;
                }

                Write(at, (taken >> 2) | EntryValid);
            }

            table = TableOf(Read(at));
        }

        return table + ((function.Value & ((1u << DeviceBits) - 1)) * ContextSize);
    }

    // The entries on the way to a function's device context, from the root's on. Each is looked for when the one before has been followed.
    private IEnumerable<ulong> Path(RequesterId function)
    {
        ulong table = _root;
        for (int shift = DeviceBits + IndexBits; shift >= DeviceBits; shift -= IndexBits)
        {
            ulong at = table + ((((ulong)function.Value >> shift) & ((1 << IndexBits) - 1)) * EntrySize);
            yield return at;
            table = TableOf(Read(at));
        }
    }

    private static ulong TableOf(ulong entry) => (entry & ~EntryValid) << 2;

    // A page for a table, empty; null if there is none.
    private ulong? Take()
    {
        if (_emptied.TryPop(out ulong page))
        {
            return page;
        }

        if (_free == _end)
        {
            return null;
        }

        page = _free;
        _free += PageSize;
        return page;
    }

    private unsafe bool IsEmpty(ulong table) => !new ReadOnlySpan<byte>((void*)_ram.HostAddress(table), (int)PageSize).ContainsAnyExcept((byte)0);

    // The queue is empty: commands are executed as they are given.
    private void Execute(ulong command)
    {
        Write(_queue + (_tail * CommandSize), command);
        Write(_queue + (_tail * CommandSize) + 8, 0);
        _tail = (_tail + 1) & ((1u << QueueExponent) - 1);
        _iommu.TryWrite(CommandTail, sizeof(uint), _tail);
    }

    private ulong Read(ulong address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        _ram.TryRead(address, bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private unsafe void Write(ulong address, ulong value) => Volatile.Write(ref *(ulong*)_ram.HostAddress(address), value);
}
