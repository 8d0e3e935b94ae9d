using System.Collections.Concurrent;

namespace CoveJit.Harts.Csrs;

/// <summary>The CSRs of a hart by number. The declarations are in one file for each group: <see cref="MachineCsrs"/>, <see cref="SupervisorCsrs"/>, <see cref="UnprivilegedCsrs"/>, <see cref="CounterCsrs"/>, <see cref="PmpCsrs"/>, <see cref="StateEnableCsrs"/>, <see cref="TriggerCsrs"/>, <see cref="HypervisorCsrs"/>, <see cref="VirtualSupervisorCsrs"/>, <see cref="AdvancedInterruptCsrs"/>, <see cref="SupervisorDomainCsrs"/>.</summary>
public sealed class CsrTable
{
    private static readonly ConcurrentDictionary<HartConfiguration, CsrTable> Tables = new();
    private readonly Csr?[] _byNumber = new Csr?[4096];
    private readonly Csr[] _all;

    private CsrTable(HartConfiguration configuration)
    {
        IEnumerable<Csr> all =
        [
            .. UnprivilegedCsrs.Declare(configuration), .. SupervisorCsrs.Declare(configuration), .. MachineCsrs.Declare(configuration),
            .. CounterCsrs.Declare(configuration), .. PmpCsrs.Declare(configuration), .. StateEnableCsrs.Declare(configuration),
            .. TriggerCsrs.Declare(), .. HypervisorCsrs.Declare(configuration), .. VirtualSupervisorCsrs.Declare(configuration),
            .. AdvancedInterruptCsrs.Declare(configuration), .. SupervisorDomainCsrs.Declare(configuration),
        ];
        foreach (Csr csr in all)
        {
            if (_byNumber[csr.Number] is Csr other)
            {
                throw new InvalidOperationException($"{csr.Name} and {other.Name} share the number 0x{csr.Number:x3}");
            }

            _byNumber[csr.Number] = csr;
        }

        _all = [.. _byNumber.OfType<Csr>()];
    }

    /// <summary>All registers, by ascending number.</summary>
    public ReadOnlySpan<Csr> All => _all;

    /// <summary>The register with a number, or null if there is none.</summary>
    public Csr? this[uint number] => _byNumber[number & 0xFFF];

    /// <summary>What an access with V = 1 to a supervisor register goes to: its VS-level replica, or where it has none the register itself.</summary>
    /// <remarks>A replica's number is the supervisor register's plus 0x100 (Privileged, "CSR Listing"): stvec 0x105 and vstvec 0x205, stopi 0xDB0 and vstopi 0xEB0.</remarks>
    public Csr Replica(Csr register)
    {
        const uint Distance = 0x100;
        const uint Hypervisor = 0x600; // the range above the custom supervisor registers at 0x5xx is no list of replicas
        uint number = register.Number + Distance;
        return ((register.Number >> 8) & 3) == 1 && (number & 0xF00) != Hypervisor && this[number] is Csr replica ? replica : register;
    }

    /// <summary>The table of a configuration; harts of one configuration share it.</summary>
    public static CsrTable For(HartConfiguration configuration) => Tables.GetOrAdd(configuration, c => new CsrTable(c));
}
