namespace CoveJit.Memory.Protection;

/// <summary>Which memory protection table guards physical memory, and whose it is: what mmpt holds.</summary>
/// <param name="Mode">Its format.</param>
/// <param name="Sdid">The supervisor domain, 0 to 63. Also without a table: translations are tagged with it.</param>
/// <param name="Page">Physical page number of the root.</param>
public readonly record struct MptRoot(MptMode Mode, uint Sdid, ulong Page)
{
    /// <summary>SDIDMAX and our SDIDLEN: bits of a supervisor domain identifier.</summary>
    public const int SdidBits = 6;

    /// <summary>Number of supervisor domains that can be told apart.</summary>
    public const int Domains = 1 << SdidBits;

    private const ulong PageMask = (1UL << 44) - 1;
    private const int ModeShift = 60;
    private const int SdidShift = 52;
    private const int LegacySdidShift = 54;

    /// <summary>The value of mmpt for RV64 (Smsd, "Memory Protection Table pointer register").</summary>
    public ulong ToMmpt() => ((ulong)Mode << ModeShift) | ((ulong)Sdid << SdidShift) | Page;

    /// <summary>The value of mttp for RV64, as the drafts of 2024 had it (tag v1.0.83).</summary>
    public ulong ToMttp() =>
        (Mode == MptMode.Bare ? 0 : (ulong)(Mode - MptMode.Smmtt46 + 1) << ModeShift) | ((ulong)Sdid << LegacySdidShift) | Page;

    /// <summary>
    /// What a write to mmpt leaves there. Each field is WARL by itself: a mode that does not exist leaves the old one, Bare has no root, and the root
    /// of Smmpt64 is aligned to its 32 KiB.
    /// </summary>
    public MptRoot WriteMmpt(ulong value)
    {
        ulong mode = value >> ModeShift;
        return Legal(mode <= (ulong)MptMode.Smmpt64 ? (MptMode)mode : Mode, value >> SdidShift, value);
    }

    /// <summary>The same of mttp, whose modes are Bare, Smmtt46 and Smmtt56.</summary>
    public MptRoot WriteMttp(ulong value)
    {
        MptMode mode = (value >> ModeShift) switch
        {
            0 => MptMode.Bare,
            1 => MptMode.Smmtt46,
            2 => MptMode.Smmtt56,
            _ => Mode,
        };
        return Legal(mode, value >> LegacySdidShift, value);
    }

    private static MptRoot Legal(MptMode mode, ulong sdid, ulong page) => new(
        mode,
        (uint)sdid & (Domains - 1),
        mode switch
        {
            MptMode.Bare => 0,
            MptMode.Smmpt64 => page & PageMask & ~7UL,
            _ => page & PageMask,
        });
}
