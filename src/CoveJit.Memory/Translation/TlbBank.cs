using System.Runtime.CompilerServices;

namespace CoveJit.Memory.Translation;

/// <summary>
/// The software TLB of one context, in native memory: direct-mapped entries for reads, writes and fetches in separate arrays at constant offsets.
/// An entry is the AND of everything that may refuse an access (page tables, PMP, page flags): there is no other check on the fast path.
/// </summary>
public unsafe struct TlbBank
{
    /// <summary>log2 of the number of entries for each access type.</summary>
    public const int IndexBits = 10;

    /// <summary>Entries for each access type.</summary>
    public const int Entries = 1 << IndexBits;

    /// <summary>Bytes of one access type's array.</summary>
    public const int ArraySize = Entries * 16;

    /// <summary>
    /// Entries of the jump cache: pairs of a virtual address and the decoded block it led to, which only native code reads and writes. An entry is
    /// there only while the execute entry of its page is.
    /// </summary>
    public const int JumpEntries = 256;

    /// <summary>Where the jump cache starts.</summary>
    public const int JumpOffset = 3 * ArraySize;

    /// <summary>Bytes of a bank.</summary>
    public const int Size = JumpOffset + (JumpEntries * 16);

    private fixed ulong _entries[Size / sizeof(ulong)];

    /// <summary>The entry that an access to <paramref name="address"/> would hit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TlbEntry* EntryFor(TlbBank* bank, ulong address, AccessType access) =>
        (TlbEntry*)((byte*)bank + ((int)access * ArraySize) + ((address >> (GuestPageShift - 4)) & ((Entries - 1) << 4)));

    /// <summary>The fast path for an access that does not leave its page: its host address, if the bank has an entry for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHit(TlbBank* bank, ulong address, AccessType access, out byte* host)
    {
        TlbEntry* entry = EntryFor(bank, address, access);
        host = (byte*)(address + (ulong)entry->Addend);
        return entry->Tag == (address & ~0xFFFUL);
    }

    /// <summary>Invalidates all entries.</summary>
    public static void Clear(TlbBank* bank)
    {
        new Span<byte>(bank, Size).Fill(0xFF);
    }

    /// <summary>
    /// Empties the jump cache. Thread-safe: only the addresses are cleared, since the hart may be between reading an entry's address and its block.
    /// </summary>
    public static void ClearJumps(TlbBank* bank)
    {
        ulong* address = (ulong*)((byte*)bank + JumpOffset);
        for (int i = 0; i < JumpEntries; i++, address += 2)
        {
            Volatile.Write(ref *address, TlbEntry.Invalid);
        }
    }

    private const int GuestPageShift = 12;
}
