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

    /// <summary>Bytes of a bank.</summary>
    public const int Size = 3 * ArraySize;

    private fixed ulong _entries[3 * Entries * 2];

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

    private const int GuestPageShift = 12;
}
