using System.Collections.Concurrent;

namespace CoveJit.Harts.Csrs;

/// <summary>The CSRs of a hart by number. The declarations are in one file for each group: <see cref="MachineCsrs"/>, <see cref="SupervisorCsrs"/>, <see cref="UnprivilegedCsrs"/>, <see cref="CounterCsrs"/>, <see cref="PmpCsrs"/>, <see cref="StateEnableCsrs"/>, <see cref="TriggerCsrs"/>, <see cref="AdvancedInterruptCsrs"/>.</summary>
public sealed class CsrTable
{
    private static readonly ConcurrentDictionary<HartConfiguration, CsrTable> Tables = new();
    private readonly Csr?[] _byNumber = new Csr?[4096];

    private CsrTable(HartConfiguration configuration)
    {
        IEnumerable<Csr> all =
        [
            .. UnprivilegedCsrs.Declare(configuration), .. SupervisorCsrs.Declare(configuration), .. MachineCsrs.Declare(configuration),
            .. CounterCsrs.Declare(configuration), .. PmpCsrs.Declare(configuration), .. StateEnableCsrs.Declare(configuration),
            .. TriggerCsrs.Declare(), .. AdvancedInterruptCsrs.Declare(configuration),
        ];
        foreach (Csr csr in all)
        {
            if (_byNumber[csr.Number] is Csr other)
            {
                throw new InvalidOperationException($"{csr.Name} and {other.Name} share the number 0x{csr.Number:x3}");
            }

            _byNumber[csr.Number] = csr;
        }
    }

    /// <summary>All registers, by ascending number.</summary>
    public IEnumerable<Csr> All => _byNumber.OfType<Csr>();

    /// <summary>The register with a number, or null if there is none.</summary>
    public Csr? this[uint number] => _byNumber[number & 0xFFF];

    /// <summary>The table of a configuration; harts of one configuration share it.</summary>
    public static CsrTable For(HartConfiguration configuration) => Tables.GetOrAdd(configuration, c => new CsrTable(c));
}
