using CoveJit.Harts;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>RFENCE Extension, EID "RFNC" (SBI 3.0, chapter "RFENCE Extension"). The hypervisor fences need the H extension.</summary>
internal sealed class RfenceExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x52464E43;

    // Beyond so many pages one flush of everything is cheaper than page by page.
    private const ulong MaximumPages = 64;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "remote_fence_i", ["hart_mask", "hart_mask_base"], call => OnHarts(call, hart => hart.FenceInstruction())),
        new(Eid, 1, "remote_sfence_vma", ["hart_mask", "hart_mask_base", "start_addr", "size"], call => Fence(call, null)),
        new(Eid, 2, "remote_sfence_vma_asid", ["hart_mask", "hart_mask_base", "start_addr", "size", "asid"], call => Fence(call, (uint)call[4])),
    ];

    private SbiResult? Fence(SbiCall call, uint? asid)
    {
        ulong start = call[2];
        ulong size = call[3];
        if (size != ulong.MaxValue && start + size < start)
        {
            return SbiError.InvalidAddress;
        }

        bool everything = (start == 0 && size == 0) || size == ulong.MaxValue || size > MaximumPages << 12;
        return OnHarts(call, hart =>
        {
            if (everything)
            {
                hart.FenceAddressSpace(null, asid);
                return;
            }

            for (ulong address = start & ~0xFFFUL; address < start + size; address += 0x1000)
            {
                hart.FenceAddressSpace(address, asid);
            }
        });
    }

    private SbiResult? OnHarts(SbiCall call, Action<Hart> request) =>
        HartMask.TrySelect(monitor.Platform.Harts, call[0], call[1], out ulong selected)
            ? HartMask.RunOn(call, monitor.Platform.Harts, selected, request)
            : SbiError.InvalidParam;
}
