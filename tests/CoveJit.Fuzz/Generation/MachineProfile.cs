namespace CoveJit.Fuzz.Generation;

/// <summary>
/// The variant of the reference machine a program is made for. QEMU 7.2 checks the reserved bits of page-table entries
/// only without Svnapot, so the two are tested apart.
/// </summary>
public enum MachineProfile
{
    /// <summary>No Svnapot; programs use reserved bits but never bit 63.</summary>
    Plain,

    /// <summary>Svnapot; programs use bit 63 but no reserved bits.</summary>
    Napot,
}
