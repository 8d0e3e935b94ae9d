using CoveJit.Harts;
using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>
/// RFENCE Extension, EID "RFNC" (SBI 3.0, chapter "RFENCE Extension"). The hypervisor fences are declared and not supported: no hart here has
/// the H extension.
/// </summary>
internal sealed class RfenceExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x52464E43;
    private const int PageShift = 12;

    // Beyond so many pages one flush of everything is cheaper than page by page.
    private const ulong MaximumPages = 64;

    // The common requests need no allocation.
    private static readonly Action<Hart> FenceInstruction = hart => hart.FenceInstruction();
    private static readonly Action<Hart> FenceEverything = hart => hart.FenceAddressSpace(null, null);

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "remote_fence_i", ["hart_mask", "hart_mask_base"], call => OnHarts(call, FenceInstruction, FirmwareEvent.FenceISent, FirmwareEvent.FenceIReceived)),
        new(Eid, 1, "remote_sfence_vma", ["hart_mask", "hart_mask_base", "start_addr", "size"], call => Fence(call, null)),
        new(Eid, 2, "remote_sfence_vma_asid", ["hart_mask", "hart_mask_base", "start_addr", "size", "asid"], FenceAsid),
        new(Eid, 3, "remote_hfence_gvma_vmid", ["hart_mask", "hart_mask_base", "start_addr", "size", "vmid"], NeedsHypervisor),
        new(Eid, 4, "remote_hfence_gvma", ["hart_mask", "hart_mask_base", "start_addr", "size"], NeedsHypervisor),
        new(Eid, 5, "remote_hfence_vvma_asid", ["hart_mask", "hart_mask_base", "start_addr", "size", "asid"], NeedsHypervisor),
        new(Eid, 6, "remote_hfence_vvma", ["hart_mask", "hart_mask_base", "start_addr", "size"], NeedsHypervisor),
    ];

    private static SbiResult? NeedsHypervisor(SbiCall call) => SbiError.NotSupported;

    private SbiResult? FenceAsid(SbiCall call) =>
        call[4] >> call.Hart.Configuration.AsidBits != 0 ? SbiError.InvalidParam : Fence(call, (uint)call[4]);

    private SbiResult? Fence(SbiCall call, uint? asid)
    {
        (ulong start, ulong size) = (call[2], call[3]);
        bool everything = (start == 0 && size == 0) || size == ulong.MaxValue;
        if (!everything && size != 0 && start > ulong.MaxValue - (size - 1))
        {
            return SbiError.InvalidAddress;
        }

        // By page numbers: a range may end at the very top of the address space.
        ulong first = start >> PageShift;
        ulong pages = size == 0 ? 0 : ((start + (size - 1)) >> PageShift) - first + 1;
        everything |= pages > MaximumPages;
        Action<Hart> request = everything
            ? (asid is null ? FenceEverything : hart => hart.FenceAddressSpace(null, asid))
            : hart =>
            {
                for (ulong page = first; page - first < pages; page++)
                {
                    hart.FenceAddressSpace(page << PageShift, asid);
                }
            };
        return asid is null
            ? OnHarts(call, request, FirmwareEvent.SfenceVmaSent, FirmwareEvent.SfenceVmaReceived)
            : OnHarts(call, request, FirmwareEvent.SfenceVmaAsidSent, FirmwareEvent.SfenceVmaAsidReceived);
    }

    private SbiResult? OnHarts(SbiCall call, Action<Hart> request, FirmwareEvent sent, FirmwareEvent received)
    {
        IReadOnlyList<Hart> harts = monitor.Platform.Harts;
        if (!HartMask.TrySelect(harts, call[0], call[1], out ulong selected))
        {
            return SbiError.InvalidParam;
        }

        monitor.CountMessages(call.Hart, selected, sent, received);
        return HartMask.RunOn(call, harts, selected, request);
    }
}
