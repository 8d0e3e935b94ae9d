using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Wait on reservation set (Unprivileged, chapter "Zawrs").</summary>
public static class Zawrs
{
    /// <summary>Waits while the reservation is valid.</summary>
    [System("wrs.nto", "000000001101 00000 000 00000 1110011", Extension.Zawrs)]
    public static Flow WrsNto(IMachine machine) => machine.WaitOnReservation(shortTimeout: false);

    /// <summary>Waits while the reservation is valid, for a short time.</summary>
    [System("wrs.sto", "000000011101 00000 000 00000 1110011", Extension.Zawrs)]
    public static Flow WrsSto(IMachine machine) => machine.WaitOnReservation(shortTimeout: true);
}
