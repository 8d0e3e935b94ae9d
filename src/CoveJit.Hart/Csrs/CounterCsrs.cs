using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Csrs;

/// <summary>Counters and their controls (Privileged, "Hardware Performance Monitor"; Zicntr, Zihpm, Sscofpmf).</summary>
internal static class CounterCsrs
{
    private const int First = 3;

    public static IEnumerable<Csr> Declare(HartConfiguration configuration)
    {
        yield return new(0xB00, "mcycle", h => h.Counters.Read(0), (h, v) => h.Counters.Write(0, v));
        yield return new(0xB02, "minstret", h => h.Counters.Read(2), (h, v) => h.Counters.Write(2, v));
        yield return new(0xC00, "cycle", h => h.Counters.Read(0), permits: h => Enabled(h, 0), permitsVirtual: (h, _) => EnabledVirtual(h, 0));
        yield return new(0xC01, "time", h => h.Clock.Ticks + (h.IsVirtual ? h.Htimedelta : 0), permits: h => Enabled(h, 1), permitsVirtual: (h, _) => EnabledVirtual(h, 1));
        yield return new(0xC02, "instret", h => h.Counters.Read(2), permits: h => Enabled(h, 2), permitsVirtual: (h, _) => EnabledVirtual(h, 2));
        yield return new(0x320, "mcountinhibit", h => h.Counters.Inhibit, (h, v) => h.Counters.WriteInhibit((uint)v));
        yield return new(0xDA0, "scountovf", h => h.Counters.Overflowed & (h.Privilege == PrivilegeMode.Machine ? ~0u : h.Mcounteren) & (h.IsVirtual ? h.Hcounteren : ~0u));
        for (int i = First; i < 32; i++)
        {
            int n = i;
            bool exists = n - First < configuration.PerformanceCounters;
            yield return new(0xB00 + (uint)n, $"mhpmcounter{n}", h => h.Counters.Read(n), exists ? (h, v) => h.Counters.Write(n, v) : static (_, _) => { });
            yield return new(0xC00 + (uint)n, $"hpmcounter{n}", h => h.Counters.Read(n), permits: h => Enabled(h, n), permitsVirtual: (h, _) => EnabledVirtual(h, n));
            yield return new(0x320 + (uint)n, $"mhpmevent{n}", h => h.Counters.ReadEvent(n), exists ? (h, v) => h.Counters.WriteEvent(n, v) : static (_, _) => { });
        }
    }

    // mcounteren gates everything below M, scounteren U.
    private static bool Enabled(Hart hart, int counter) =>
        hart.Privilege == PrivilegeMode.Machine
        || (((hart.Mcounteren >> counter) & 1) != 0 && (hart.IsVirtual || SupervisorEnabled(hart, counter)));

    // hcounteren gates VS and VU, scounteren VU.
    private static bool EnabledVirtual(Hart hart, int counter) => ((hart.Hcounteren >> counter) & 1) != 0 && SupervisorEnabled(hart, counter);

    private static bool SupervisorEnabled(Hart hart, int counter) =>
        hart.Privilege == PrivilegeMode.Supervisor || ((hart.Scounteren >> counter) & 1) != 0;
}
