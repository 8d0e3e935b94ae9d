namespace CoveJit.Fuzz.Generation;

/// <summary>
/// The variant of the reference machine a program is made for. QEMU 7.2 checks the reserved bits of page-table entries only without
/// Svnapot and Svpbmt, and with Svpbmt accepts memory types even where menvcfg.PBMTE is clear, so the two are tested apart.
/// </summary>
public enum MachineProfile
{
    /// <summary>Neither Svnapot nor Svpbmt; programs set the bits 54 to 62 of leaves, which are all reserved then, but never bit 63.</summary>
    Plain,

    /// <summary>Svnapot and Svpbmt; programs set bit 63, and under PBMTE memory types, but no reserved bits.</summary>
    Extended,
}
