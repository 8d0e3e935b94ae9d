using CoveJit.Isa;

namespace CoveJit.Harts.Csrs;

/// <summary>CSRs of supervisor domains (Supervisor Domains Access Protection 0.9, "Smsd", "Smsdia", "Smgeien").</summary>
internal static class SupervisorDomainCsrs
{
    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        if (!configuration.Extensions.Has(Extension.Smsd))
        {
            yield break;
        }

        // The older drafts' mttp had no number of its own in their text; here it takes the place of what became of it.
        yield return new(0x382, configuration.LegacyProtectionTables ? "mttp" : "mmpt", h => h.Mmpt, (h, v) => h.WriteMmpt(v));
        yield return new(0x74E, "msdcfg", h => h.Msdcfg, (h, v) => h.WriteMsdcfg(v));
        if (configuration.InterruptDomains > 1)
        {
            yield return new(0x74D, "mgeien", h => h.Mgeien, (h, v) => h.WriteMgeien(v));
            yield return new(0x74F, "msideie", h => h.Msideie, (h, v) => h.WriteMsideie(v));
            yield return new(0xF4F, "msideip", h => h.Msideip);
        }
    }
}
