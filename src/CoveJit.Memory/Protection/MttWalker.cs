using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Protection;

/// <summary>
/// Reader of the memory tracking table (MTT) that the drafts of 2024 defined (riscv-smmtt, tag v1.0.83, "Smmtt"), for software that still writes it.
/// </summary>
internal static class MttWalker
{
    private const int EntryTypeShift = 44;
    private const ulong InfoMask = (1UL << 44) - 1;

    // Types of an L2 entry.
    private enum L2Type : ulong
    {
        Disallow1G = 0,
        AllowReadExecute1G = 1,
        AllowReadWrite1G = 2,
        AllowAll1G = 3,
        L1Directory = 4,
        Pages2M = 6,
    }

    /// <summary>As <see cref="MptWalker.Walk"/>.</summary>
    public static bool Walk<TMemory>(ref TMemory memory, in MptRoot root, ulong address, out MptWalkResult result)
        where TMemory : struct, IEntryMemory
    {
        result = default;
        ulong table = root.Page << 12;
        if (address >> (root.Mode == MptMode.Smmtt46 ? 46 : 56) != 0)
        {
            return false;
        }

        // L3, indexed by pn3 = 55:46: the page of an L2 table.
        if (root.Mode == MptMode.Smmtt56)
        {
            if (!Read(ref memory, table + (address >> 46 << 3), ref result, out ulong l3) || (l3 & ~InfoMask) != 0)
            {
                return false;
            }

            table = l3 << 12;
        }

        // L2, indexed by pn2 = 45:25: 32 MiB for each entry; what allows 1 GiB stands in 32 of them.
        if (!Read(ref memory, table + (((address >> 25) & 0x1F_FFFF) << 3), ref result, out ulong l2) || l2 >> (EntryTypeShift + 3) != 0)
        {
            return false;
        }

        ulong info = l2 & InfoMask;
        switch ((L2Type)(l2 >> EntryTypeShift))
        {
            case L2Type.Disallow1G:
                result.PageShift = 30;
                return true;
            case L2Type.AllowReadExecute1G:
                return Permit(1, 30, ref result);
            case L2Type.AllowReadWrite1G:
                return Permit(2, 30, ref result);
            case L2Type.AllowAll1G:
                return Permit(3, 30, ref result);
            case L2Type.Pages2M:
                return info >> 32 == 0 && Permit((info >> (int)(2 * ((address >> 21) & 15))) & 3, 21, ref result);
            case L2Type.L1Directory:
                break;
            default:
                return false; // 4M_PAGES is RV32's, 7 is reserved
        }

        // L1, indexed by pn1 = 24:16: a nibble for each page of 64 KiB, chosen by pn0 = 15:12, with its upper two bits zero.
        if (!Read(ref memory, (info << 12) + (((address >> 16) & 0x1FF) << 3), ref result, out ulong l1))
        {
            return false;
        }

        ulong nibble = (l1 >> (int)(4 * ((address >> 12) & 15))) & 15;
        return nibble <= 3 && Permit(nibble, 12, ref result);
    }

    private static bool Read<TMemory>(ref TMemory memory, ulong address, ref MptWalkResult result, out ulong entry)
        where TMemory : struct, IEntryMemory
    {
        result.EntriesRead++;
        return memory.ReadEntry(address, out entry) == WalkStatus.Ok;
    }

    // PERM: 0 none, 1 RX, 2 RW, 3 RWX.
    private static bool Permit(ulong permission, int pageShift, ref MptWalkResult result)
    {
        result.PageShift = pageShift;
        result.Permissions = permission switch
        {
            1 => MptPermissions.Read | MptPermissions.Execute,
            2 => MptPermissions.ReadWrite,
            3 => MptPermissions.All,
            _ => MptPermissions.None,
        };
        return true;
    }
}
