using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>mstateen0 to 3 and sstateen0 to 3 (Smstateen, Ssstateen).</summary>
internal static class StateEnableCsrs
{
    /// <summary>Bit of mstateen0 that gates senvcfg.</summary>
    public const ulong Envcfg = 1UL << 62;

    /// <summary>Bit 63 of each mstateen: gates the sstateen register.</summary>
    public const ulong StateEnable = 1UL << 63;

    public static IEnumerable<Csr> Declare()
    {
        for (uint i = 0; i < 4; i++)
        {
            int n = (int)i;

            // Only mstateen0.ENVCFG and the SE0 bits gate anything here; the rest is read-only zero.
            ulong writable = StateEnable | (n == 0 ? Envcfg : 0);
            yield return new(0x30C + i, $"mstateen{i}", h => h.Mstateen[n], (h, v) => h.Mstateen[n] = v & writable);
            yield return new(
                0x10C + i,
                $"sstateen{i}",
                _ => 0,
                permits: h => h.Privilege == PrivilegeMode.Machine || (h.Mstateen[n] & StateEnable) != 0);
        }
    }
}
