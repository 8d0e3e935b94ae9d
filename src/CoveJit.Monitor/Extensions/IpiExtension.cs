using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Monitor.Extensions;

/// <summary>IPI Extension, EID "sPI" (SBI 3.0, chapter "IPI Extension").</summary>
internal sealed class IpiExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x735049;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions => [new(Eid, 0, "send_ipi", ["hart_mask", "hart_mask_base"], Send)];

    private SbiResult? Send(SbiCall call)
    {
        IReadOnlyList<Hart> harts = monitor.Platform.Harts;
        if (!HartMask.TrySelect(harts, call[0], call[1], out ulong selected))
        {
            return SbiError.InvalidParam;
        }

        monitor.CountMessages(call.Hart, selected, FirmwareEvent.IpiSent, FirmwareEvent.IpiReceived);
        for (int i = 0; i < harts.Count; i++)
        {
            if (((selected >> i) & 1) != 0)
            {
                SetPending(call.Hart, harts[i]);
            }
        }

        return SbiResult.Success;
    }

    // To the caller's supervisor domain on the other hart, which may be in another one now.
    private void SetPending(Hart sender, Hart receiver)
    {
        if (monitor.Domains is RootDomainManager domains)
        {
            receiver.SetSoftwarePending(domains.Current(sender).Context(receiver.Id), InterruptCode.SupervisorSoftware, true);
        }
        else
        {
            receiver.SetSoftwarePending(InterruptCode.SupervisorSoftware, true);
        }
    }
}
