using CoveJit.Monitor.Sbi;

namespace CoveJit.Tsm.Abi;

/// <summary>The declaration of an argument register.</summary>
/// <param name="Name">Name as the specification spells it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Error">The error of a value that breaks the kind's rule, where the specification wants another than the usual one.</param>
/// <param name="CurrentOnly">Whether the Salus profile does not have it.</param>
public sealed record CoveArgument(string Name, ArgumentKind Kind, SbiError? Error = null, bool CurrentOnly = false)
{
    private const int PageShift = 12;

    // So that no sum or product of what is checked here can overflow.
    private const ulong LargestCount = 1UL << 40;
    private const ulong LargestLength = LargestCount << PageShift;
    private const ulong LargestInterruptIdentity = 2047;

    /// <summary>The rule in words, for the documentation.</summary>
    public string Rule => Kind switch
    {
        ArgumentKind.Value => "any value",
        ArgumentKind.Page => "page-aligned physical address",
        ArgumentKind.Structure => "physical address, 4-byte aligned",
        ArgumentKind.Identity => "physical address, 64-byte aligned, or 0",
        ArgumentKind.PageCount => "number of pages, not 0",
        ArgumentKind.PageType => "0 (4 KiB), 1 (2 MiB) or 2 (1 GiB)",
        ArgumentKind.Guest => "a TVM",
        ArgumentKind.Vcpu => "one of its vCPUs",
        ArgumentKind.NewVcpu => $"0 to {Guests.Tvm.MaximumVcpus - 1}, not yet created",
        ArgumentKind.GuestPage => "page-aligned guest physical address",
        ArgumentKind.GuestStructure => "guest physical address, 8-byte aligned",
        ArgumentKind.PageLength => "bytes, whole pages, not 0",
        ArgumentKind.Length => "bytes",
        ArgumentKind.Device => "a device that can be connected",
        ArgumentKind.BoundInterface => "a device interface bound to the TVM",
        ArgumentKind.InterruptIdentity => $"1 to {LargestInterruptIdentity}",
        _ => $"1 to {LargestInterruptIdentity}, or all ones",
    };

    /// <summary>The error of a value that breaks the rule.</summary>
    public SbiError ErrorOfRule => Error ?? Kind switch
    {
        ArgumentKind.Page or ArgumentKind.Structure or ArgumentKind.GuestPage or ArgumentKind.GuestStructure => SbiError.InvalidAddress,
        _ => SbiError.InvalidParam,
    };

    /// <summary>Whether the kind has a rule that a value can break.</summary>
    public bool HasRule => Kind is not (ArgumentKind.Value or ArgumentKind.Length);

    /// <summary>Checks a value; TVM and vCPU are looked up on the way.</summary>
    internal bool Check(ulong value, CoveCall call) => Kind switch
    {
        ArgumentKind.Page or ArgumentKind.GuestPage => (value & 0xFFF) == 0,
        ArgumentKind.Structure => (value & 3) == 0,
        ArgumentKind.GuestStructure => (value & 7) == 0,
        ArgumentKind.Identity => (value & 63) == 0,
        ArgumentKind.PageCount => value is > 0 and <= LargestCount,
        ArgumentKind.PageType => value <= 2,
        ArgumentKind.Guest => call.FindTvm(value),
        ArgumentKind.Vcpu => call.FindVcpu(value),
        ArgumentKind.NewVcpu => value < Guests.Tvm.MaximumVcpus && !call.FindVcpu(value),
        ArgumentKind.PageLength => value is > 0 and <= LargestLength && (value & 0xFFF) == 0,
        ArgumentKind.Device => call.FindDevice(value),
        ArgumentKind.BoundInterface => call.FindInterface(value),
        ArgumentKind.InterruptIdentity => value is > 0 and <= LargestInterruptIdentity,
        ArgumentKind.InterruptIdentityOrAll => value is (> 0 and <= LargestInterruptIdentity) or ulong.MaxValue,
        _ => true,
    };
}
