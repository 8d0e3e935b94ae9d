namespace CoveJit.Memory.Translation;

/// <summary>
/// The virtual-address translation process of Sv39, Sv48 and Sv57 (Privileged, "Virtual Address Translation Process"), step by step as the text has it,
/// and of their G-stage variations Sv39x4, Sv48x4 and Sv57x4 ("Guest Physical Address Translation"). One stage: <see cref="TwoStageWalker"/> puts
/// one under the other. Shared by the harts and the IOMMU.
/// </summary>
public static class PageTableWalker
{
    private const ulong LeafBits = PageTableEntry.Read | PageTableEntry.Write | PageTableEntry.Execute;

    // A bound on retries, so that no guest can keep a walk going for ever.
    private const int MaximumAttempts = 64;

    private const ulong ReservedInPointers = PageTableEntry.Dirty | PageTableEntry.Accessed | PageTableEntry.User | PageTableEntry.MemoryType | PageTableEntry.Napot;

    /// <summary>Translates an address.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="stage">Root and modifiers; not Bare.</param>
    /// <param name="address">The virtual address, or a G-stage's guest physical address.</param>
    /// <param name="access">What the access does.</param>
    /// <param name="result">The leaf, if the status is <see cref="WalkStatus.Ok"/>.</param>
    public static WalkStatus Walk<TMemory>(ref TMemory memory, in TranslationStage stage, ulong address, AccessType access, out WalkResult result)
        where TMemory : struct, IWalkMemory
    {
        result = default;
        if (!IsCanonical(stage, address))
        {
            return WalkStatus.PageFault;
        }

        WalkStatus status;
        bool changed;
        int attempts = 0;
        do
        {
            status = Attempt(ref memory, stage, address, access, ref result, out changed);
        }
        while (changed && ++attempts < MaximumAttempts);

        // Another hart rewrites the entry faster than we can read it: the access faults and is retried by software.
        return changed ? WalkStatus.PageFault : status;
    }

    private static WalkStatus Attempt<TMemory>(ref TMemory memory, in TranslationStage stage, ulong address, AccessType access, ref WalkResult result, out bool changed)
        where TMemory : struct, IWalkMemory
    {
        changed = false;
        ulong table = stage.RootPage << 12;
        for (int level = stage.Levels - 1; level >= 0; level--)
        {
            int shift = 12 + (9 * level);
            ulong index = (address >> shift) & (stage.IsGuestStage && level == stage.Levels - 1 ? 0x7FFUL : 0x1FF);
            ulong entryAddress = table + (index << 3);
            result.EntriesRead++;
            WalkStatus status = memory.ReadEntry(entryAddress, out ulong entry);
            if (status != WalkStatus.Ok)
            {
                return status;
            }

            bool shadowStack = stage.ShadowStacks && !stage.IsGuestStage && (entry & LeafBits) == PageTableEntry.Write;
            if ((entry & PageTableEntry.Valid) == 0
                || ((entry & (PageTableEntry.Read | PageTableEntry.Write)) == PageTableEntry.Write && !shadowStack)
                || (entry & PageTableEntry.Reserved) != 0
                || ReservedMemoryType(entry, stage.MemoryTypes))
            {
                return WalkStatus.PageFault;
            }

            ulong page = PageTableEntry.PhysicalPage(entry);
            if ((entry & LeafBits) == 0)
            {
                if ((entry & ReservedInPointers) != 0)
                {
                    return WalkStatus.PageFault;
                }

                table = page << 12;
                continue;
            }

            if ((page & ((1UL << (shift - 12)) - 1)) != 0)
            {
                return WalkStatus.PageFault; // misaligned superpage
            }

            if ((entry & PageTableEntry.Napot) != 0)
            {
                // Only 64 KiB is defined: level 0 and ppn[3:0] = 1000 (Svnapot, table of encodings).
                if (level != 0 || (page & 0xF) != 8)
                {
                    return WalkStatus.PageFault;
                }

                page &= ~0xFUL;
                shift = 16;
            }

            status = shadowStack || stage.IsShadowStackAccess ? PermitShadowStack(entry, stage, access)
                : Permits(entry, stage, access) ? WalkStatus.Ok
                : WalkStatus.PageFault;
            if (status != WalkStatus.Ok)
            {
                return status;
            }

            ulong needed = PageTableEntry.Accessed | (access == AccessType.Write ? PageTableEntry.Dirty : 0);
            if ((entry & needed) != needed)
            {
                if (!stage.HardwareUpdate)
                {
                    return WalkStatus.PageFault;
                }

                status = memory.CompareExchangeEntry(entryAddress, entry, entry | needed, out bool exchanged);
                if (status != WalkStatus.Ok || !exchanged)
                {
                    changed = status == WalkStatus.Ok;
                    return status;
                }

                entry |= needed;
            }

            ulong offsetMask = (1UL << shift) - 1;
            result.Address = ((page << 12) & ~offsetMask) | (address & offsetMask);
            result.PageShift = shift;
            result.Entry = entry;
            return WalkStatus.Ok;
        }

        return WalkStatus.PageFault; // a pointer at the last level
    }

    // A virtual address is sign-extended from its highest bit; a guest physical address is zero-extended, and two bits wider.
    private static bool IsCanonical(in TranslationStage stage, ulong address)
    {
        int bits = 12 + (9 * stage.Levels);
        return stage.IsGuestStage
            ? address >> (bits + 2) == 0
            : (ulong)(((long)address << (64 - bits)) >> (64 - bits)) == address;
    }

    private static bool ReservedMemoryType(ulong entry, bool memoryTypes)
    {
        ulong type = entry & PageTableEntry.MemoryType;
        return type != 0 && (!memoryTypes || type == PageTableEntry.MemoryType);
    }

    // S-mode may touch user pages under SUM, but never execute them; U-mode may never touch supervisor pages.
    private static bool PermitsUser(ulong entry, in TranslationStage stage, AccessType access) =>
        stage.User == ((entry & PageTableEntry.User) != 0) || (!stage.User && stage.PermitSupervisorUserAccess && access != AccessType.Execute);

    // Shadow stack pages are read by anything and written by shadow stack instructions, which access nothing else; a read-only page may become one
    // when it is copied (Privileged, "Shadow Stack Memory Protection").
    private static WalkStatus PermitShadowStack(ulong entry, in TranslationStage stage, AccessType access)
    {
        if (!PermitsUser(entry, stage, access))
        {
            return WalkStatus.PageFault;
        }

        bool page = (entry & LeafBits) == PageTableEntry.Write;
        if (stage.IsShadowStackAccess)
        {
            return page ? WalkStatus.Ok : (entry & LeafBits) == PageTableEntry.Read ? WalkStatus.PageFault : WalkStatus.AccessFault;
        }

        return access != AccessType.Read ? WalkStatus.AccessFault : stage.ReadAsExecute ? WalkStatus.PageFault : WalkStatus.Ok;
    }

    private static bool Permits(ulong entry, in TranslationStage stage, AccessType access)
    {
        if (!PermitsUser(entry, stage, access))
        {
            return false;
        }

        return access switch
        {
            AccessType.Read when stage.ReadAsExecute => (entry & PageTableEntry.Execute) != 0,
            AccessType.Read => (entry & PageTableEntry.Read) != 0 || (stage.MakeExecutableReadable && (entry & PageTableEntry.Execute) != 0),
            AccessType.Write => (entry & PageTableEntry.Write) != 0,
            _ => (entry & PageTableEntry.Execute) != 0,
        };
    }
}
