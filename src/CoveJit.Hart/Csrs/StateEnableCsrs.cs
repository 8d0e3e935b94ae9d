using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>mstateen0 to 3, hstateen0 to 3 and sstateen0 to 3 (Smstateen, Ssstateen).</summary>
public static class StateEnableCsrs
{
    /// <summary>Bit of mstateen0 and hstateen0 that gates IMSIC state; exists only with an IMSIC.</summary>
    public const ulong Imsic = 1UL << 58;

    /// <summary>Bit of mstateen0 and hstateen0 that gates what the AIA adds beside the state of the bits around it.</summary>
    public const ulong Aia = 1UL << 59;

    /// <summary>Bit of mstateen0 and hstateen0 that gates indirect access to registers (Smcsrind).</summary>
    public const ulong Csrind = 1UL << 60;

    /// <summary>Bit of mstateen0 that gates senvcfg and henvcfg; of hstateen0 senvcfg in a guest.</summary>
    public const ulong Envcfg = 1UL << 62;

    /// <summary>Bit 63 of each mstateen: gates the sstateen and hstateen register; of each hstateen sstateen in a guest.</summary>
    public const ulong StateEnable = 1UL << 63;

    /// <summary>The bits of a mstateen or hstateen register that gate something; the others are read-only zero.</summary>
    public static ulong Writable(HartConfiguration configuration, int register) => register != 0
        ? StateEnable
        : StateEnable | Envcfg | (configuration.AdvancedInterrupts ? Csrind | Aia : 0) | (configuration.HasImsic ? Imsic : 0);

    internal static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        for (uint i = 0; i < 4; i++)
        {
            int n = (int)i;
            ulong writable = Writable(configuration, n);
            yield return new(0x30C + i, $"mstateen{i}", h => h.Mstateen[n], (h, v) => h.Mstateen[n] = v & writable);
            yield return new(
                0x10C + i,
                $"sstateen{i}",
                _ => 0,
                permits: Enabled,
                permitsVirtual: (h, _) => (h.ReadHstateen(n) & StateEnable) != 0);
            if (configuration.Extensions.Has(Extension.H))
            {
                yield return new(0x60C + i, $"hstateen{i}", h => h.ReadHstateen(n), (h, v) => h.Hstateen[n] = v & writable, Enabled);
            }

            bool Enabled(Hart h) => h.Privilege == PrivilegeMode.Machine || (h.Mstateen[n] & StateEnable) != 0;
        }
    }
}
