namespace CoveJit.Harts.Csrs;

/// <summary>pmpcfg and pmpaddr (Privileged, "Physical Memory Protection CSRs").</summary>
internal static class PmpCsrs
{
    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (configuration.PmpEntries == 0)
        {
            yield break;
        }

        // All 64 registers exist where any does; those beyond the implemented entries read as zero.
        for (uint i = 0; i < 16; i += 2)
        {
            int register = (int)i;
            yield return new(0x3A0 + i, $"pmpcfg{i}", h => h.Pmp.ReadConfiguration(register), (h, v) => h.WritePmp(pmp => pmp.WriteConfiguration(register, v)));
        }

        for (uint i = 0; i < 64; i++)
        {
            int register = (int)i;
            yield return new(0x3B0 + i, $"pmpaddr{i}", h => h.Pmp.ReadAddress(register), (h, v) => h.WritePmp(pmp => pmp.WriteAddress(register, v)));
        }
    }
}
