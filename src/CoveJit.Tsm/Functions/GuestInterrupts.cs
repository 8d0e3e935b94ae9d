using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: which external interrupts the host may inject into the calling vCPU. None, to begin with.</summary>
internal static class GuestInterrupts
{
    private const ulong All = ulong.MaxValue;
    private const ulong LargestIdentity = 2047;

    private static readonly CoveArgument Identity = new("interrupt_id", ArgumentKind.InterruptIdentityOrAll);

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 4, 4, "allow_external_interrupt", [Identity],
            "Lets the host inject an external interrupt into the calling vCPU, or all of them. Exits to the host.",
            string.Empty,
            [],
            Allow),
        new(
            CoveExtension.Guest, 5, 5, "deny_external_interrupt", [Identity],
            "The reverse of allow_external_interrupt.",
            string.Empty,
            [],
            Deny),
    ];

    private static SbiResult? Allow(CoveCall call)
    {
        Vcpu vcpu = call.Vcpu;
        if (call[0] == All)
        {
            vcpu.Allowed = null;
        }
        else
        {
            vcpu.Allowed?.Add(call[0]);
        }

        call.ExitsToHost = true;
        return SbiResult.Success;
    }

    private static SbiResult? Deny(CoveCall call)
    {
        Vcpu vcpu = call.Vcpu;
        if (call[0] == All)
        {
            vcpu.Allowed = [];
        }
        else
        {
            vcpu.Allowed ??= [.. Enumerable.Range(1, (int)LargestIdentity).Select(id => (ulong)id)];
            vcpu.Allowed.Remove(call[0]);
        }

        call.ExitsToHost = true;
        return SbiResult.Success;
    }
}
