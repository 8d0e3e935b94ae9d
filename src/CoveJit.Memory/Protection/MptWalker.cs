using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Protection;

/// <summary>
/// Looks up a supervisor physical address in a memory protection table for RV64 (Supervisor Domains Access Protection 0.9, "Smmpt", "MPT access
/// permission lookup"), step by step as the text has it. Shared by the harts and the I/O MPT checker.
/// </summary>
public static class MptWalker
{
    // Each level resolves 9 bits above the 16 that the tuples of the last one do.
    private const int RangeBits = 16;
    private const int IndexBits = 9;
    private const ulong IndexMask = (1UL << IndexBits) - 1;

    /// <summary>Levels of a mode's tables.</summary>
    public static int Levels(MptMode mode) => mode switch
    {
        MptMode.Smmpt43 => 3,
        MptMode.Smmpt52 => 4,
        MptMode.Smmpt64 => 5,
        _ => 0,
    };

    /// <summary>Looks up an address.</summary>
    /// <param name="memory">Where the tables are, as M-mode sees it: not behind any MPT.</param>
    /// <param name="root">The table; not Bare.</param>
    /// <param name="address">Supervisor physical address.</param>
    /// <param name="result">What is permitted, if the look-up succeeds.</param>
    /// <returns>False if the access faults whatever its type: an access fault of the original access.</returns>
    public static bool Walk<TMemory>(ref TMemory memory, in MptRoot root, ulong address, out MptWalkResult result)
        where TMemory : struct, IEntryMemory
    {
        if (root.Mode >= MptMode.Smmtt46)
        {
            return MttWalker.Walk(ref memory, root, address, out result);
        }

        // 1. The address must not be wider than the mode.
        result = default;
        int levels = Levels(root.Mode);
        int top = levels - 1;
        if (root.Mode != MptMode.Smmpt64 && address >> Shift(levels) != 0)
        {
            return false;
        }

        ulong table = root.Page << 12;
        for (int level = top; level >= 0; level--)
        {
            // 2. Read the entry. The root of Smmpt64 has 12 bits of index, up to the address's last: those above 9 are zero elsewhere.
            ulong index = address >> Shift(level);
            index = level == top ? index : index & IndexMask;
            result.EntriesRead++;
            if (memory.ReadEntry(table + (index << 3), out ulong entry) != WalkStatus.Ok)
            {
                return false;
            }

            // 3. Not valid, or something reserved.
            if ((entry & MptEntry.Valid) == 0)
            {
                return false;
            }

            // 4. A pointer: on to the next level. There is none below level 0.
            if ((entry & MptEntry.Leaf) == 0)
            {
                if ((entry & MptEntry.ReservedInPointer) != 0)
                {
                    return false;
                }

                table = MptEntry.Page(entry) << 12;
                continue;
            }

            // 5. A leaf: the tuple of the page, a sixteenth of what the entry covers.
            // 6. A NAPOT leaf: the tuple of the group.
            int pageShift = Shift(level) - 4;
            bool napot = (entry & MptEntry.Napot) != 0;
            if ((entry & (napot ? MptEntry.ReservedInNapot : MptEntry.ReservedInLeaf)) != 0 || (napot && !MptEntry.HasDefinedGroup(entry)))
            {
                return false;
            }

            result.Permissions = MptEntry.Tuple(entry, napot ? 0 : (int)(address >> pageShift) & (MptEntry.Tuples - 1));
            result.PageShift = napot ? Shift(level) + 5 : pageShift;
            return !result.Permissions.IsReserved();
        }

        return false;
    }

    // Lowest bit of pn[level]: log2 of what an entry of that level covers.
    private static int Shift(int level) => RangeBits + (IndexBits * level);
}
