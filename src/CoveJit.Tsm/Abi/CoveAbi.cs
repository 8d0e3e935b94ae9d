using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using CoveJit.Tsm.Functions;

namespace CoveJit.Tsm.Abi;

/// <summary>The functions of a profile, by number, with a machine's counts of their calls.</summary>
public sealed class CoveAbi
{
    private const int DomainShift = 26;
    private const ulong NumberMask = 0xFFFF;

    private readonly FrozenDictionary<(CoveExtension Extension, uint Function), (CoveFunction Function, CoveCount Count)> _functions;

    /// <summary>Makes the table of a profile.</summary>
    public CoveAbi(CoveProfile profile)
    {
        Profile = profile;
        _functions = Functions
            .Where(f => f.Number(profile) is not null)
            .ToDictionary(f => (f.Extension, f.Number(profile)!.Value), f => (f, new CoveCount()))
            .ToFrozenDictionary();
    }

    /// <summary>All declarations, in the order of the specification.</summary>
    public static IReadOnlyList<CoveFunction> Functions { get; } =
    [
        .. HostInformation.Declare(), .. HostPages.Declare(), .. HostTvms.Declare(), .. HostMemory.Declare(), .. HostVcpus.Declare(),
        .. HostInterrupts.Declare(), .. GuestMemory.Declare(), .. GuestInterrupts.Declare(), .. GuestAttestation.Declare(), .. HostDevices.Declare(), .. HostInterfaces.Declare(), .. GuestDevices.Declare(), .. GuestInterfaces.Declare(), .. NestedAcceleration.Declare(),
    ];

    /// <summary>The profile.</summary>
    public CoveProfile Profile { get; }

    /// <summary>The functions of the profile with the counts of their calls, by number.</summary>
    public IEnumerable<(CoveFunction Function, CoveCount Count)> Counted => _functions.Values.OrderBy(f => f.Function.Extension).ThenBy(f => f.Function.Number(Profile));

    /// <summary>Finds a function by its number.</summary>
    public bool TryFind(CoveExtension extension, uint number, [NotNullWhen(true)] out CoveFunction? function, [NotNullWhen(true)] out CoveCount? count)
    {
        bool found = _functions.TryGetValue((extension, number), out (CoveFunction Function, CoveCount Count) entry);
        (function, count) = entry;
        return found;
    }

    /// <summary>Takes a6 apart: FID in bits 15:0, SDID of the domain that is called in bits 31:26 (CoVE, "Calling convention").</summary>
    /// <returns>False if a reserved bit is set.</returns>
    public static bool TrySplit(ulong register, out uint number, out uint sdid)
    {
        number = (uint)(register & NumberMask);
        sdid = (uint)(register >> DomainShift);
        return register <= uint.MaxValue && (register & ~NumberMask & ((1UL << DomainShift) - 1)) == 0;
    }
}
