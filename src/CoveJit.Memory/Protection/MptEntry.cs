namespace CoveJit.Memory.Protection;

/// <summary>Fields of an entry of the memory protection table for RV64, alike at all levels (Smmpt, "MPT entries").</summary>
public static class MptEntry
{
    /// <summary>V: valid. Without it all other bits are software's, and nothing is permitted.</summary>
    public const ulong Valid = 1 << 0;

    /// <summary>L: leaf; without it the entry points to a table of the next level.</summary>
    public const ulong Leaf = 1 << 1;

    /// <summary>N: the leaf is one of <see cref="NapotEntries"/> equal ones, of naturally aligned places, that share one tuple.</summary>
    public const ulong Napot = 1 << 2;

    /// <summary>Tuples of a leaf: pages, of the level's size, that an entry covers.</summary>
    public const int Tuples = 16;

    /// <summary>Entries of the one NAPOT group that is defined: G = 4, 2^(G+1) entries.</summary>
    public const int NapotEntries = 32;

    /// <summary>Reserved bits of a pointer: 9:2, N among them, and 63:54.</summary>
    public const ulong ReservedInPointer = (0xFFUL << 2) | (0x3FFUL << 54);

    /// <summary>Reserved bits of a leaf: 7:3 and 63:56.</summary>
    public const ulong ReservedInLeaf = (0x1FUL << 3) | (0xFFUL << 56);

    /// <summary>Reserved bits of a NAPOT leaf: 7:3, 11 and 63:16.</summary>
    public const ulong ReservedInNapot = (0x1FUL << 3) | (1UL << 11) | (~0UL << 16);

    private const int TupleShift = 8;
    private const int TupleBits = 3;
    private const int GroupShift = 12;
    private const ulong GroupMask = 0xFUL << GroupShift;
    private const ulong Group32 = 4UL << GroupShift;
    private const int PointerShift = 10;
    private const ulong PageMask = (1UL << 44) - 1;

    // A one in the lowest bit of each tuple: times a tuple, an entry with 16 of it.
    private const ulong EveryTuple = 0x0000_2492_4924_9249UL << TupleShift;

    /// <summary>Whether V, L and N are set.</summary>
    public static bool IsNapot(ulong entry) => (entry & (Valid | Leaf | Napot)) == (Valid | Leaf | Napot);

    /// <summary>Whether the entry points to a table.</summary>
    public static bool IsPointer(ulong entry) => (entry & (Valid | Leaf)) == Valid;

    /// <summary>Whether a NAPOT leaf's G names the group that is defined.</summary>
    public static bool HasDefinedGroup(ulong entry) => (entry & GroupMask) == Group32;

    /// <summary>Tuple <paramref name="index"/> of a leaf; 0 of a NAPOT leaf, which has one.</summary>
    public static MptPermissions Tuple(ulong entry, int index) =>
        (MptPermissions)((entry >> (TupleShift + (TupleBits * index))) & (ulong)MptPermissions.All);

    /// <summary>Physical page number of the table that a pointer points to.</summary>
    public static ulong Page(ulong entry) => (entry >> PointerShift) & PageMask;

    /// <summary>A pointer to a table.</summary>
    public static ulong PointerTo(ulong table) => (table >> 12 << PointerShift) | Valid;

    /// <summary>A leaf with one tuple for all of its pages.</summary>
    public static ulong Uniform(MptPermissions permissions) => ((ulong)permissions * EveryTuple) | Leaf | Valid;

    /// <summary>A NAPOT leaf, to be written to all of its group.</summary>
    public static ulong NapotOf(MptPermissions permissions) => ((ulong)permissions << TupleShift) | Group32 | Napot | Leaf | Valid;

    /// <summary>A leaf with a tuple changed.</summary>
    public static ulong WithTuple(ulong entry, int index, MptPermissions permissions)
    {
        int shift = TupleShift + (TupleBits * index);
        return (entry & ~((ulong)MptPermissions.All << shift)) | ((ulong)permissions << shift);
    }
}
