using System.Buffers.Binary;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Iommu;

/// <summary>
/// "Process to translate an IOVA" (RISC-V IOMMU 1.0), written to be read beside the text: device directory, process directory, both stages by the
/// walkers that harts use, MSI page table. It keeps nothing: every look-up reads memory, so invalidations have nothing to do.
/// </summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="counters">What is counted.</param>
internal sealed class IommuTranslator(IAtomicDmaPort memory, IommuCounters counters)
{
    public const int ModeOff = 0;
    public const int ModeBare = 1;
    public const int ModeOneLevel = 2;
    public const int ModeThreeLevels = 4;

    private const int Sv39 = 8;
    private const int Sv57 = 10;
    private const ulong EntryValid = 1;
    private const ulong EntryPage = 0x003F_FFFF_FFFF_FC00;
    private const ulong EntryReserved = 0xFFC0_0000_0000_03FE;

    /// <summary>Whether a mode of iosatp or iohgatp exists: Bare, Sv39, Sv48, Sv57 and their x4 variations.</summary>
    public static bool IsMode(int mode) => mode is 0 or (>= Sv39 and <= Sv57);

    /// <summary>Translates a request.</summary>
    /// <param name="ddtp">Mode and root of the device directory.</param>
    /// <param name="request">The request.</param>
    public IommuTranslation Translate(ulong ddtp, in IommuRequest request)
    {
        int mode = (int)(ddtp & 0xF);
        switch (mode)
        {
            case ModeOff:
                return new IommuTranslation(IommuCause.AllDisallowed);
            case ModeBare:
                return request.Type == Pcie.PcieAddressType.Untranslated
                    ? new IommuTranslation(IommuCause.None, request.Address, 30)
                    : new IommuTranslation(IommuCause.TypeDisallowed);
        }

        counters.Count(IommuEvent.DirectoryWalk, request, null);
        IommuCause cause = Locate(ddtp, mode, request.Device, out DeviceContext device);
        if (cause != IommuCause.None)
        {
            return new IommuTranslation(cause);
        }

        IommuTranslation translation = Translate(device, request);
        return translation with { IsQuiet = device.ReportsNoFaults };
    }

    private IommuTranslation Translate(in DeviceContext device, in IommuRequest request)
    {
        // Without ATS there are no other addresses than untranslated ones.
        if (request.Type != Pcie.PcieAddressType.Untranslated || (request.Process is not null && !device.HasProcessTable))
        {
            return new IommuTranslation(IommuCause.TypeDisallowed);
        }

        TranslationStage second = new()
        {
            Levels = Levels(device.SecondStageMode),
            RootPage = device.SecondStageRoot,
            IsGuestStage = true,
            User = true,
            HardwareUpdate = device.UpdatesSecondStage,
            MemoryTypes = true,
        };
        TranslationStage first = new()
        {
            Levels = device.HasProcessTable ? 0 : Levels(device.FirstStageMode),
            RootPage = device.FirstStageRoot,
            User = true, // without a process identifier there is no supervisor's request
            HardwareUpdate = device.UpdatesFirstStage,
            MemoryTypes = true,
        };
        uint? process = request.Process ?? (device.HasDefaultProcess ? 0 : null);
        if (device.HasProcessTable && device.FirstStageMode != 0 && process is uint number)
        {
            counters.Count(IommuEvent.ProcessWalk, request, device);
            IommuTranslation located = Locate(device, second, request, number, out ulong attributes, out ulong root);
            if (!located.IsOk)
            {
                return located;
            }

            const ulong Supervisor = 1 << 1; // ENS
            const ulong SupervisorUserAccess = 1 << 2; // SUM
            bool privileged = request.Process is not null && request.Privileged;
            if (privileged && (attributes & Supervisor) == 0)
            {
                return new IommuTranslation(IommuCause.TypeDisallowed);
            }

            first = first with
            {
                Levels = Levels((int)(root >> 60)),
                RootPage = root & ((1UL << 44) - 1),
                User = !privileged,
                PermitSupervisorUserAccess = (attributes & SupervisorUserAccess) != 0,
            };
        }

        return Walk(device, first, second, request);
    }

    private IommuTranslation Walk(in DeviceContext device, in TranslationStage first, in TranslationStage second, in IommuRequest request)
    {
        if (!first.IsBare)
        {
            counters.Count(IommuEvent.FirstStageWalk, request, device);
        }

        if (!second.IsBare)
        {
            counters.Count(IommuEvent.SecondStageWalk, request, device);
        }

        TableMemory tables = new(memory);
        WalkStatus status = TwoStageWalker.Walk(ref tables, first, second, request.Address, request.Access, out WalkResult result);

        // The second stage does not matter to an interrupt file: what it said of the address is forgotten.
        bool throughFirst = status == WalkStatus.Ok || (status == WalkStatus.GuestPageFault && result.ImplicitAccess is null);
        if (throughFirst && device.TryFindInterruptFile(result.GuestAddress, out ulong entry))
        {
            return FindInterruptFile(device.MsiTable + (entry * 16), result.GuestAddress, request.Access);
        }

        return status switch
        {
            WalkStatus.Ok => new IommuTranslation(IommuCause.None, result.Address),
            WalkStatus.PageFault => new IommuTranslation(Fault(IommuCause.ReadPageFault, request.Access)),
            WalkStatus.AccessFault => new IommuTranslation(Fault(IommuCause.ReadAccessFault, request.Access)),
            _ => GuestPageFault(result.GuestAddress, result.ImplicitAccess, request.Access),
        };
    }

    // "Process to translate addresses of MSIs".
    private IommuTranslation FindInterruptFile(ulong at, ulong address, AccessType access)
    {
        const ulong Basic = 3; // M
        const ulong ModeMask = 3;
        const ulong Custom = 1UL << 63;
        const ulong Reserved = 0x7FC0_0000_0000_03F8;
        if (!TryRead(at, out ulong entry) || !TryRead(at + 8, out ulong second))
        {
            return new IommuTranslation(IommuCause.MsiAccessFault);
        }

        if ((entry & EntryValid) == 0)
        {
            return new IommuTranslation(IommuCause.MsiInvalid);
        }

        if ((entry & (Custom | Reserved)) != 0 || ((entry >> 1) & ModeMask) != Basic || second != 0)
        {
            return new IommuTranslation(IommuCause.MsiMisconfigured); // memory-resident interrupt files among others
        }

        return access == AccessType.Execute
            ? new IommuTranslation(IommuCause.FetchAccessFault)
            : new IommuTranslation(IommuCause.None, ((entry & EntryPage) << 2) | (address & 0xFFF));
    }

    // "Process to locate the Device-context"; with MSI page tables a leaf table has 64 contexts.
    private IommuCause Locate(ulong ddtp, int mode, uint id, out DeviceContext device)
    {
        device = default;
        int levels = mode - ModeOneLevel + 1;
        ReadOnlySpan<(int Shift, int Bits)> indices = [(0, 6), (6, 9), (15, 9)];
        (int topShift, int topBits) = indices[levels - 1];
        if (id >> (topShift + topBits) != 0)
        {
            return IommuCause.TypeDisallowed;
        }

        ulong table = (ddtp & EntryPage) << 2;
        for (int level = levels - 1; level > 0; level--)
        {
            ulong index = (id >> indices[level].Shift) & ((1u << indices[level].Bits) - 1);
            if (!TryRead(table + (index * 8), out ulong entry))
            {
                return IommuCause.DirectoryAccessFault;
            }

            if ((entry & EntryValid) == 0)
            {
                return IommuCause.DirectoryInvalid;
            }

            if ((entry & EntryReserved) != 0)
            {
                return IommuCause.DirectoryMisconfigured;
            }

            table = (entry & EntryPage) << 2;
        }

        Span<byte> bytes = stackalloc byte[DeviceContext.Size];
        if (!memory.TryRead(table + ((id & 0x3F) * (ulong)DeviceContext.Size), bytes))
        {
            return IommuCause.DirectoryAccessFault;
        }

        device = new DeviceContext(bytes);
        return !device.IsValid ? IommuCause.DirectoryInvalid : device.IsWellFormed() ? IommuCause.None : IommuCause.DirectoryMisconfigured;
    }

    // "Process to locate the Process-context": the directory lies at guest physical addresses.
    private IommuTranslation Locate(
        in DeviceContext device, in TranslationStage second, in IommuRequest request, uint process, out ulong attributes, out ulong root)
    {
        const ulong AttributesReserved = 0xFFFF_FFFF_0000_0FF8;
        const ulong RootReserved = 0x0FFF_F000_0000_0000;
        attributes = root = 0;
        int levels = device.FirstStageMode;
        ReadOnlySpan<(int Shift, int Bits)> indices = [(0, 8), (8, 9), (17, 3)];
        (int topShift, int topBits) = indices[levels - 1];
        if (process >> (topShift + topBits) != 0)
        {
            return new IommuTranslation(IommuCause.TypeDisallowed);
        }

        ulong table = device.FirstStageRoot << 12;
        for (int level = levels - 1; level >= 0; level--)
        {
            ulong index = (process >> indices[level].Shift) & ((1u << indices[level].Bits) - 1);
            IommuTranslation place = TranslateGuest(second, table + (index * (level == 0 ? 16UL : 8)), request.Access);
            if (!place.IsOk)
            {
                return place;
            }

            if (!TryRead(place.Address, out ulong entry))
            {
                return new IommuTranslation(IommuCause.ProcessAccessFault);
            }

            if ((entry & EntryValid) == 0)
            {
                return new IommuTranslation(IommuCause.ProcessInvalid);
            }

            if (level > 0)
            {
                if ((entry & EntryReserved) != 0)
                {
                    return new IommuTranslation(IommuCause.ProcessMisconfigured);
                }

                table = (entry & EntryPage) << 2;
                continue;
            }

            if (!TryRead(place.Address + 8, out root))
            {
                return new IommuTranslation(IommuCause.ProcessAccessFault);
            }

            attributes = entry;
            if ((entry & AttributesReserved) != 0 || (root & RootReserved) != 0 || !IsMode((int)(root >> 60)))
            {
                return new IommuTranslation(IommuCause.ProcessMisconfigured);
            }
        }

        return new IommuTranslation(IommuCause.None);
    }

    private IommuTranslation TranslateGuest(in TranslationStage second, ulong address, AccessType access)
    {
        if (second.IsBare)
        {
            return new IommuTranslation(IommuCause.None, address);
        }

        TableMemory tables = new(memory);
        return PageTableWalker.Walk(ref tables, second, address, AccessType.Read, out WalkResult result) switch
        {
            WalkStatus.Ok => new IommuTranslation(IommuCause.None, result.Address),
            WalkStatus.PageFault => GuestPageFault(address, AccessType.Read, access),
            _ => new IommuTranslation(IommuCause.ProcessAccessFault),
        };
    }

    private static IommuTranslation GuestPageFault(ulong address, AccessType? isImplicit, AccessType access)
    {
        const ulong Implicit = 1;
        const ulong ImplicitWrite = 2;
        ulong how = isImplicit is null ? 0 : isImplicit == AccessType.Write ? Implicit | ImplicitWrite : Implicit;
        return new IommuTranslation(Fault(IommuCause.ReadGuestPageFault, access), Value2: (address & ~3UL) | how);
    }

    // The numbers of fetch, read and write follow each other in every kind of fault alike, but for access faults of fetches.
    private static IommuCause Fault(IommuCause read, AccessType access) => access switch
    {
        AccessType.Write => read + 2,
        AccessType.Execute => read == IommuCause.ReadAccessFault ? IommuCause.FetchAccessFault : read - 1,
        _ => read,
    };

    private static int Levels(int mode) => mode == 0 ? 0 : mode - Sv39 + 3;

    private bool TryRead(ulong address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool done = memory.TryRead(address, bytes);
        value = done ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return done;
    }

    private readonly struct TableMemory(IAtomicDmaPort memory) : IWalkMemory
    {
        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            bool done = memory.TryRead(address, bytes);
            entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            return done ? WalkStatus.Ok : WalkStatus.AccessFault;
        }

        public WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged) =>
            memory.TryCompareExchange(address, expected, desired, out exchanged) ? WalkStatus.Ok : WalkStatus.AccessFault;
    }
}
