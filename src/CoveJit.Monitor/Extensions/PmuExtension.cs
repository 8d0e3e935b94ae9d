using System.Buffers.Binary;
using System.Numerics;
using CoveJit.Harts;
using CoveJit.Memory.Physical;
using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>
/// Performance Monitoring Unit Extension, EID "PMU" (SBI 3.0, chapter "Performance Monitoring Unit Extension"). Here arguments are checked;
/// <see cref="HartPmu"/> is the counters.
/// </summary>
internal sealed class PmuExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x504D55;

    // config_flags
    private const ulong SkipMatch = 1 << 0;
    private const ulong ClearValue = 1 << 1;
    private const ulong AutoStart = 1 << 2;
    private const ulong SetVirtualUserInhibit = 1 << 3;
    private const ulong SetVirtualSupervisorInhibit = 1 << 4;
    private const ulong SetUserInhibit = 1 << 5;
    private const ulong SetSupervisorInhibit = 1 << 6;
    private const ulong SetMachineInhibit = 1 << 7;
    private const ulong ConfigFlags = 0xFF;

    // mhpmevent (Sscofpmf); VUINH and VSINH are read-only zero without the H extension.
    private const ulong VirtualUserInhibit = 1UL << 58;
    private const ulong VirtualSupervisorInhibit = 1UL << 59;
    private const ulong UserInhibit = 1UL << 60;
    private const ulong SupervisorInhibit = 1UL << 61;
    private const ulong MachineInhibit = 1UL << 62;

    // start_flags and stop_flags
    private const ulong SetInitialValue = 1 << 0;
    private const ulong InitializeFromSnapshot = 1 << 1;
    private const ulong ResetMapping = 1 << 0;
    private const ulong TakeSnapshot = 1 << 1;
    private const ulong StartStopFlags = 3;

    private const ulong SnapshotValues = 8; // offset of counter_values; the overflow bitmap is at 0
    private const ulong FirmwareType = 1UL << 63;
    private const ulong WidthMinusOne = 63;
    private const ulong CycleCsr = 0xC00;

    private const ulong EventEntrySize = 16;

    // One call's work is bounded; there are not this many events.
    private const ulong MaximumEventEntries = 1 << 16;

    public IEnumerable<uint> Identifiers => [Eid];

    public bool IsHostOnly => true;

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "pmu_num_counters", [], call => SbiResult.Of((ulong)monitor.Pmu(call.Hart).Count)),
        new(Eid, 1, "pmu_counter_get_info", ["counter_idx"], CounterInfo),
        new(Eid, 2, "pmu_counter_config_matching", ["counter_idx_base", "counter_idx_mask", "config_flags", "event_idx", "event_data"], Configure),
        new(Eid, 3, "pmu_counter_start", ["counter_idx_base", "counter_idx_mask", "start_flags", "initial_value"], Start),
        new(Eid, 4, "pmu_counter_stop", ["counter_idx_base", "counter_idx_mask", "stop_flags"], Stop),
        new(Eid, 5, "pmu_counter_fw_read", ["counter_idx"], call => ReadFirmware(call, pmu => pmu.Read((int)call[0]))),
        new(Eid, 6, "pmu_counter_fw_read_hi", ["counter_idx"], call => ReadFirmware(call, _ => 0)), // 64-bit registers have no upper half to ask for
        new(Eid, 7, "pmu_snapshot_set_shmem", ["shmem_phys_lo", "shmem_phys_hi", "flags"], SetSnapshot),
        new(Eid, 8, "pmu_event_get_info", ["shmem_phys_lo", "shmem_phys_hi", "num_entries", "flags"], EventInfo),
    ];

    private static bool IsValidSet(HartPmu pmu, ulong first, ulong mask)
    {
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            ulong offset = (ulong)BitOperations.TrailingZeroCount(rest);
            if (first > ulong.MaxValue - offset || !pmu.IsCounter(first + offset))
            {
                return false;
            }
        }

        return true;
    }

    // The first counter of the set that is idle and can count the event; cycle and instret last, since they have no filters and no overflow.
    private static int FindIdle(HartPmu pmu, ulong first, ulong mask, PmuEvent selected)
    {
        int found = -1;
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            int index = (int)first + BitOperations.TrailingZeroCount(rest);
            if (!pmu.IsFree(index) || !pmu.CanCount(index, selected))
            {
                continue;
            }

            if (!HartPmu.IsFixed(index))
            {
                return index;
            }

            found = index;
        }

        return found;
    }

    private static ulong SnapshotSlot(ulong snapshot, int offset) => snapshot + SnapshotValues + ((ulong)offset * 8);

    private static ulong ReadWord(GuestRam ram, ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        ram.TryRead(address, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static void WriteWord(GuestRam ram, ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        ram.TryWrite(address, bytes);
    }

    private SbiResult? CounterInfo(SbiCall call)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        if (!pmu.IsCounter(call[0]))
        {
            return SbiError.InvalidParam;
        }

        return SbiResult.Of(pmu.IsFirmware(call[0]) ? FirmwareType : (CycleCsr + call[0]) | (WidthMinusOne << 12));
    }

    private SbiResult? Configure(SbiCall call)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        (ulong first, ulong mask, ulong flags) = (call[0], call[1], call[2]);
        if ((flags & ~ConfigFlags) != 0 || !IsValidSet(pmu, first, mask))
        {
            return SbiError.InvalidParam;
        }

        if (mask == 0 || !PmuEvent.TryDecode(call[3], call[4], out PmuEvent selected))
        {
            return SbiError.NotSupported;
        }

        int index = (flags & SkipMatch) != 0 ? (int)first + BitOperations.TrailingZeroCount(mask) : FindIdle(pmu, first, mask, selected);
        if (index < 0 || !pmu.CanCount(index, selected))
        {
            return SbiError.NotSupported;
        }

        pmu.Configure(
            index,
            selected,
            ((flags & SetVirtualUserInhibit) != 0 ? VirtualUserInhibit : 0)
                | ((flags & SetVirtualSupervisorInhibit) != 0 ? VirtualSupervisorInhibit : 0)
                | ((flags & SetUserInhibit) != 0 ? UserInhibit : 0)
                | ((flags & SetSupervisorInhibit) != 0 ? SupervisorInhibit : 0)
                | ((flags & SetMachineInhibit) != 0 ? MachineInhibit : 0));
        if ((flags & ClearValue) != 0)
        {
            pmu.Write(index, 0);
        }

        if ((flags & AutoStart) != 0)
        {
            pmu.Start(index);
        }

        return SbiResult.Of((ulong)index);
    }

    private SbiResult? Start(SbiCall call)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        (ulong first, ulong mask, ulong flags) = (call[0], call[1], call[2]);
        if ((flags & ~StartStopFlags) != 0 || flags == StartStopFlags || !IsValidSet(pmu, first, mask))
        {
            return SbiError.InvalidParam;
        }

        ForgetLostSnapshot(pmu, call.Hart);
        if ((flags & InitializeFromSnapshot) != 0 && pmu.Snapshot is null)
        {
            return SbiError.NoShmem;
        }

        // The others are started even if one is refused, as Linux expects of a set.
        SbiError error = SbiError.Success;
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            int offset = BitOperations.TrailingZeroCount(rest);
            int index = (int)first + offset;
            if (pmu.IsStarted(index))
            {
                error = SbiError.AlreadyStarted;
            }
            else if (!pmu.IsConfigured(index))
            {
                error = SbiError.InvalidParam;
            }
            else
            {
                if ((flags & SetInitialValue) != 0)
                {
                    pmu.Write(index, call[3]);
                }
                else if ((flags & InitializeFromSnapshot) != 0 && pmu.Snapshot is ulong snapshot)
                {
                    pmu.Write(index, ReadWord(call.Hart.Map.Ram, SnapshotSlot(snapshot, offset)));
                }

                pmu.Start(index);
            }
        }

        return error;
    }

    private SbiResult? Stop(SbiCall call)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        (ulong first, ulong mask, ulong flags) = (call[0], call[1], call[2]);
        if ((flags & ~StartStopFlags) != 0 || !IsValidSet(pmu, first, mask))
        {
            return SbiError.InvalidParam;
        }

        ForgetLostSnapshot(pmu, call.Hart);
        if ((flags & TakeSnapshot) != 0 && pmu.Snapshot is null)
        {
            return SbiError.NoShmem;
        }

        SbiError error = SbiError.Success;
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            int index = (int)first + BitOperations.TrailingZeroCount(rest);
            if (!pmu.IsStarted(index))
            {
                error = SbiError.AlreadyStopped;
            }

            pmu.Stop(index);
        }

        if ((flags & TakeSnapshot) != 0 && pmu.Snapshot is ulong snapshot)
        {
            WriteSnapshot(pmu, call.Hart, snapshot, first, mask);
        }

        // Also for counters that were stopped before: that is how Linux gives a counter back.
        if ((flags & ResetMapping) != 0)
        {
            for (ulong rest = mask; rest != 0; rest &= rest - 1)
            {
                pmu.Release((int)first + BitOperations.TrailingZeroCount(rest));
            }
        }

        return error;
    }

    // The memory may have been taken from the domain since it was named.
    private void ForgetLostSnapshot(HartPmu pmu, Hart hart)
    {
        if (pmu.Snapshot is ulong snapshot && !SharedMemory.IsAccessible(monitor, hart, snapshot, 0, HartPmu.SnapshotSize))
        {
            pmu.Snapshot = null;
        }
    }

    private static void WriteSnapshot(HartPmu pmu, Hart hart, ulong snapshot, ulong first, ulong mask)
    {
        GuestRam ram = hart.Map.Ram;
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            int offset = BitOperations.TrailingZeroCount(rest);
            WriteWord(ram, SnapshotSlot(snapshot, offset), pmu.Read((int)first + offset));
        }

        WriteWord(ram, snapshot, first < 64 ? pmu.Overflowed() >> (int)first : 0);
    }

    private SbiResult? ReadFirmware(SbiCall call, Func<HartPmu, ulong> read)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        return pmu.IsFirmware(call[0]) ? SbiResult.Of(read(pmu)) : SbiError.InvalidParam;
    }

    private SbiResult? SetSnapshot(SbiCall call)
    {
        HartPmu pmu = monitor.Pmu(call.Hart);
        (ulong low, ulong high, ulong flags) = (call[0], call[1], call[2]);
        if (flags != 0)
        {
            return SbiError.InvalidParam;
        }

        if (low == ulong.MaxValue && high == ulong.MaxValue)
        {
            pmu.Snapshot = null;
            return SbiResult.Success;
        }

        if (low % HartPmu.SnapshotSize != 0)
        {
            return SbiError.InvalidParam;
        }

        if (!SharedMemory.IsAccessible(monitor, call.Hart, low, high, HartPmu.SnapshotSize))
        {
            return SbiError.InvalidAddress;
        }

        pmu.Snapshot = low;
        return SbiResult.Success;
    }

    private SbiResult? EventInfo(SbiCall call)
    {
        GuestRam ram = call.Hart.Map.Ram;
        (ulong low, ulong high, ulong entries, ulong flags) = (call[0], call[1], call[2], call[3]);
        if (flags != 0 || low % EventEntrySize != 0)
        {
            return SbiError.InvalidParam;
        }

        if (entries > ram.Size / EventEntrySize || !SharedMemory.IsAccessible(monitor, call.Hart, low, high, entries * EventEntrySize))
        {
            return SbiError.InvalidAddress;
        }

        if (entries > MaximumEventEntries)
        {
            return SbiError.Failed;
        }

        for (ulong i = 0; i < entries; i++)
        {
            if ((uint)ReadWord(ram, low + (i * EventEntrySize)) >> PmuEvent.IndexBits != 0)
            {
                return SbiError.InvalidParam;
            }
        }

        Span<byte> output = stackalloc byte[4];
        for (ulong i = 0; i < entries; i++)
        {
            ulong entry = low + (i * EventEntrySize);
            uint index = (uint)ReadWord(ram, entry);

            // event_data counts only for the types that have any.
            bool hasData = index >> 16 is 2 or 3 or 15;
            bool supported = PmuEvent.TryDecode(index, hasData ? ReadWord(ram, entry + 8) : 0, out _);
            BinaryPrimitives.WriteUInt32LittleEndian(output, supported ? 1u : 0);
            ram.TryWrite(entry + 4, output);
        }

        return SbiResult.Success;
    }
}
