namespace CoveJit.Harts.Tests.Protection;

/// <summary>What an access came to: the exception's cause, or 0 and the supervisor physical address; of a guest-page fault the guest physical address.</summary>
internal readonly record struct Outcome(int Cause, ulong Physical, ulong GuestPhysical);

/// <summary>
/// Memory access below and in M-mode, written from the specifications' text for these tests and sharing no code with the emulator: page tables of both
/// stages, PMP without Smepmp, the memory protection table. Straightforward and slow. Nothing is written: what hardware would update is collected.
/// </summary>
internal sealed class AccessModel
{
    private enum Kind
    {
        Load,
        Store,
        Fetch,
    }

    // How a step of the access ended.
    private enum End
    {
        Fine,
        AccessFault,
        PageFault,
        GuestPageFault,
    }

    private ulong _faultingGuestAddress;

    /// <summary>Reads a doubleword of RAM.</summary>
    public required Func<ulong, ulong> Memory { get; init; }

    public required ulong RamBase { get; init; }

    public required ulong RamSize { get; init; }

    public ulong Satp { get; set; }

    public ulong Vsatp { get; set; }

    public ulong Hgatp { get; set; }

    public ulong Mmpt { get; set; }

    /// <summary>Privilege mode that counts for the access: 0 U, 1 S, 3 M.</summary>
    public int Privilege { get; set; }

    public bool Virtual { get; set; }

    public bool Sum { get; set; }

    public bool Mxr { get; set; }

    public bool VirtualSum { get; set; }

    public bool VirtualMxr { get; set; }

    /// <summary>menvcfg.ADUE and henvcfg.ADUE.</summary>
    public bool Adue { get; set; }

    public bool VirtualAdue { get; set; }

    public bool Pbmte { get; set; }

    public bool VirtualPbmte { get; set; }

    public (byte Configuration, ulong Address)[] Pmp { get; set; } = [];

    /// <summary>Updates of page-table entries that the access makes, whether or not it ends in an exception.</summary>
    public Dictionary<ulong, ulong> Updates { get; } = [];

    public Outcome Access(ulong address, int size, char type)
    {
        Updates.Clear();
        Kind kind = type switch { 'r' => Kind.Load, 'w' => Kind.Store, _ => Kind.Fetch };
        End end = Translate(address, kind, out ulong physical, out ulong guest);
        if (end == End.Fine && !Permitted(physical, size, kind, Privilege))
        {
            end = End.AccessFault;
        }

        if (end == End.Fine && !IsRam(physical, size))
        {
            end = End.AccessFault;
        }

        int cause = (end, kind) switch
        {
            (End.Fine, _) => 0,
            (End.AccessFault, Kind.Load) => 5,
            (End.AccessFault, Kind.Store) => 7,
            (End.AccessFault, _) => 1,
            (End.PageFault, Kind.Load) => 13,
            (End.PageFault, Kind.Store) => 15,
            (End.PageFault, _) => 12,
            (_, Kind.Load) => 21,
            (_, Kind.Store) => 23,
            _ => 20,
        };
        return new Outcome(cause, cause == 0 ? physical : 0, cause >= 20 ? guest : 0);
    }

    private static ulong Bits(ulong value, int high, int low) => (value >> low) & (high - low == 63 ? ulong.MaxValue : (1UL << (high - low + 1)) - 1);

    private static bool Bit(ulong value, int bit) => ((value >> bit) & 1) == 1;

    // Two-Stage Address Translation, or satp's, or none.
    private End Translate(ulong address, Kind kind, out ulong physical, out ulong guest)
    {
        guest = 0;
        physical = address;
        if (!Virtual)
        {
            return Privilege == 3 || Bits(Satp, 63, 60) == 0 ? End.Fine : Walk(address, kind, Satp, false, false, out physical);
        }

        ulong guestPhysical = address;
        if (Bits(Vsatp, 63, 60) != 0)
        {
            End first = Walk(address, kind, Vsatp, true, false, out guestPhysical);
            if (first != End.Fine)
            {
                guest = _faultingGuestAddress;
                return first;
            }
        }

        guest = guestPhysical;
        return GuestStage(guestPhysical, kind, true, out physical);
    }

    private End GuestStage(ulong guestPhysical, Kind kind, bool isExplicit, out ulong physical)
    {
        physical = guestPhysical;
        if (Bits(Hgatp, 63, 60) == 0)
        {
            return End.Fine;
        }

        End end = Walk(guestPhysical, kind, Hgatp, isExplicit, true, out physical);
        if (end == End.PageFault)
        {
            _faultingGuestAddress = guestPhysical;
            return End.GuestPageFault;
        }

        return end;
    }

    // The virtual-address translation process. virtualStage: VS-stage, whose tables lie at guest physical addresses. For a G-stage, isExplicit says
    // whether mstatus.MXR counts.
    private End Walk(ulong va, Kind kind, ulong atp, bool virtualStageOrExplicit, bool gStage, out ulong physical)
    {
        physical = 0;
        int levels = (int)Bits(atp, 63, 60) - 5;
        int vaBits = 12 + (9 * levels) + (gStage ? 2 : 0);
        if (gStage)
        {
            if (va >> vaBits != 0)
            {
                return End.PageFault;
            }
        }
        else
        {
            for (int bit = vaBits; bit < 64; bit++)
            {
                if (Bit(va, bit) != Bit(va, vaBits - 1))
                {
                    return End.PageFault;
                }
            }
        }

        bool virtualStage = virtualStageOrExplicit && !gStage;
        bool adue = virtualStage ? VirtualAdue : Adue;
        bool pbmte = virtualStage ? VirtualPbmte : Pbmte;
        bool sum = virtualStage ? VirtualSum : Sum;
        bool mxr = gStage ? Mxr && virtualStageOrExplicit : virtualStage ? VirtualMxr || Mxr : Mxr;
        bool user = gStage || Privilege == 0;

        // Step 1 and 2.
        ulong a = Bits(atp, 43, 0) * 4096;
        for (int i = levels - 1; i >= 0; i--)
        {
            int low = 12 + (9 * i);
            ulong vpn = Bits(va, low + 8 + (gStage && i == levels - 1 ? 2 : 0), low);
            ulong pteAddress = a + (vpn * 8);
            End end = ReadEntry(pteAddress, virtualStage, out ulong pte);
            if (end != End.Fine)
            {
                return end;
            }

            // Step 3.
            bool r = Bit(pte, 1), w = Bit(pte, 2), x = Bit(pte, 3);
            if (!Bit(pte, 0) || (!r && w) || Bits(pte, 60, 54) != 0 || Bits(pte, 62, 61) == 3 || (Bits(pte, 62, 61) != 0 && !pbmte))
            {
                return End.PageFault;
            }

            ulong ppn = Bits(pte, 53, 10);

            // Step 4: a pointer.
            if (!r && !x)
            {
                if (Bit(pte, 63) || Bits(pte, 62, 61) != 0 || Bit(pte, 7) || Bit(pte, 6) || Bit(pte, 4))
                {
                    return End.PageFault;
                }

                a = ppn * 4096;
                continue;
            }

            // A leaf: superpages are aligned; NAPOT is 64 KiB.
            for (int bit = 0; bit < 9 * i; bit++)
            {
                if (Bit(ppn, bit))
                {
                    return End.PageFault;
                }
            }

            int offsetBits = low;
            if (Bit(pte, 63))
            {
                if (i != 0 || Bits(ppn, 3, 0) != 0b1000)
                {
                    return End.PageFault;
                }

                offsetBits = 16;
            }

            // Permissions.
            bool allowed = kind switch
            {
                Kind.Load => r || (mxr && x),
                Kind.Store => w,
                _ => x,
            };
            if (user)
            {
                allowed &= Bit(pte, 4);
            }
            else
            {
                allowed &= !Bit(pte, 4) || (sum && kind != Kind.Fetch);
            }

            if (!allowed)
            {
                return End.PageFault;
            }

            // A and D.
            ulong updated = pte | (1UL << 6) | (kind == Kind.Store ? 1UL << 7 : 0);
            if (updated != pte)
            {
                if (!adue)
                {
                    return End.PageFault;
                }

                end = WriteEntry(pteAddress, updated, virtualStage);
                if (end != End.Fine)
                {
                    return end;
                }
            }

            physical = (ppn * 4096) >> offsetBits << offsetBits | Bits(va, offsetBits - 1, 0);
            return End.Fine;
        }

        return End.PageFault;
    }

    private End ReadEntry(ulong address, bool virtualStage, out ulong pte)
    {
        pte = 0;
        ulong physical = address;
        if (virtualStage)
        {
            End end = GuestStage(address, Kind.Load, false, out physical);
            if (end != End.Fine)
            {
                return end;
            }
        }

        if (!Permitted(physical, 8, Kind.Load, 1) || !IsRam(physical, 8))
        {
            return End.AccessFault;
        }

        pte = Read(physical);
        return End.Fine;
    }

    private End WriteEntry(ulong address, ulong pte, bool virtualStage)
    {
        ulong physical = address;
        if (virtualStage)
        {
            End end = GuestStage(address, Kind.Store, false, out physical);
            if (end != End.Fine)
            {
                return end;
            }
        }

        if (!Permitted(physical, 8, Kind.Store, 1))
        {
            return End.AccessFault;
        }

        Updates[physical] = pte;
        return End.Fine;
    }

    private ulong Read(ulong physical) => Updates.TryGetValue(physical, out ulong value) ? value : Memory(physical);

    private bool IsRam(ulong address, int size) => address >= RamBase && address < RamBase + RamSize && RamBase + RamSize - address >= (ulong)size;

    // Both guards of physical memory.
    private bool Permitted(ulong address, int size, Kind kind, int privilege) =>
        (privilege == 3 || Bits(Mmpt, 63, 60) == 0 || TablePermits(address, kind)) && PmpPermits(address, size, kind, privilege);

    private bool PmpPermits(ulong address, int size, Kind kind, int privilege)
    {
        UInt128 first = address;
        UInt128 last = first + (UInt128)size - 1;
        for (int i = 0; i < Pmp.Length; i++)
        {
            (byte configuration, ulong value) = Pmp[i];
            UInt128 low, high; // of the range, high excluded
            switch ((configuration >> 3) & 3)
            {
                case 1:
                    low = i == 0 ? 0 : (UInt128)Pmp[i - 1].Address << 2;
                    high = (UInt128)value << 2;
                    break;
                case 2:
                    low = (UInt128)value << 2;
                    high = low + 4;
                    break;
                case 3:
                    int ones = 0;
                    while (Bit(value, ones))
                    {
                        ones++;
                    }

                    high = (UInt128)1 << (ones + 3);
                    low = ((UInt128)value << 2) & ~(high - 1);
                    high += low;
                    break;
                default:
                    continue;
            }

            if (last < low || first >= high)
            {
                continue;
            }

            if (first < low || last >= high)
            {
                return false;
            }

            return (privilege == 3 && (configuration & 0x80) == 0) || (configuration & (kind switch { Kind.Load => 1, Kind.Store => 2, _ => 4 })) != 0;
        }

        return privilege == 3;
    }

    // Smmpt, MPT access permission lookup, for RV64.
    private bool TablePermits(ulong address, Kind kind)
    {
        int levels = (int)Bits(Mmpt, 63, 60) + 2;
        if (levels < 5 && Bits(address, 63, levels == 3 ? 43 : 52) != 0)
        {
            return false;
        }

        ulong[] pn = [Bits(address, 24, 16), Bits(address, 33, 25), Bits(address, 42, 34), Bits(address, 51, 43), Bits(address, 63, 52)];
        ulong[] selectors = [Bits(address, 15, 12), Bits(address, 24, 21), Bits(address, 33, 30), Bits(address, 42, 39), Bits(address, 51, 48)];
        ulong a = Bits(Mmpt, 43, 0) * 4096;
        for (int i = levels - 1; i >= 0; i--)
        {
            ulong at = a + (pn[i] * 8);
            if (!PmpPermits(at, 8, Kind.Load, 3) || !IsRam(at, 8))
            {
                return false;
            }

            ulong entry = Read(at);
            if (!Bit(entry, 0))
            {
                return false;
            }

            ulong xwr;
            if (!Bit(entry, 1))
            {
                if (Bits(entry, 9, 2) != 0 || Bits(entry, 63, 54) != 0)
                {
                    return false;
                }

                a = Bits(entry, 53, 10) * 4096;
                continue;
            }
            else if (!Bit(entry, 2))
            {
                if (Bits(entry, 7, 3) != 0 || Bits(entry, 63, 56) != 0)
                {
                    return false;
                }

                int low = 8 + (3 * (int)selectors[i]);
                xwr = Bits(entry, low + 2, low);
            }
            else
            {
                if (Bits(entry, 7, 3) != 0 || Bit(entry, 11) || Bits(entry, 15, 12) != 4 || Bits(entry, 63, 16) != 0)
                {
                    return false;
                }

                xwr = Bits(entry, 10, 8);
            }

            return xwr switch
            {
                1 => kind == Kind.Load,
                3 => kind != Kind.Fetch,
                4 => kind == Kind.Fetch,
                5 => kind != Kind.Store,
                7 => true,
                _ => false, // none, or reserved
            };
        }

        return false;
    }
}
