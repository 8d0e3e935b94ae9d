using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>mstateen0 to 3, hstateen0 to 3 and sstateen0 to 3 (Smstateen, Ssstateen).</summary>
internal static class StateEnableCsrs
{
    /// <summary>Bit of mstateen0 that gates senvcfg and henvcfg; of hstateen0 senvcfg in a guest.</summary>
    public const ulong Envcfg = 1UL << 62;

    /// <summary>Bit 63 of each mstateen: gates the sstateen and hstateen register; of each hstateen sstateen in a guest.</summary>
    public const ulong StateEnable = 1UL << 63;

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
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
                permits: Enabled,
                permitsVirtual: h => (h.ReadHstateen(n) & StateEnable) != 0);
            if (configuration.Extensions.Has(Extension.H))
            {
                yield return new(0x60C + i, $"hstateen{i}", h => h.ReadHstateen(n), (h, v) => h.Hstateen[n] = v & writable, Enabled);
            }

            bool Enabled(Hart h) => h.Privilege == PrivilegeMode.Machine || (h.Mstateen[n] & StateEnable) != 0;
        }
    }
}
