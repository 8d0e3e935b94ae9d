using CoveJit.Harts;
using CoveJit.Isa;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>
/// RFENCE Extension, EID "RFNC" (SBI 3.0, chapter "RFENCE Extension"). The hypervisor fences are not supported where the harts have no H extension.
/// </summary>
internal sealed class RfenceExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x52464E43;
    private const int PageShift = 12;

    // Beyond so many pages one flush of everything is cheaper than page by page.
    private const ulong MaximumPages = 64;

    // The common requests need no allocation. Address spaces and virtual machines are the calling supervisor domain's, whichever another hart is in.
    private static readonly Action<Hart> FenceInstruction = hart => hart.FenceInstruction();
    private static readonly Action<Hart>[] FenceEverything =
        [.. Enumerable.Range(0, MptRoot.Domains).Select(sdid => (Action<Hart>)(hart => hart.FenceAddressSpace(null, null, (uint)sdid)))];

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "remote_fence_i", ["hart_mask", "hart_mask_base"], call => OnHarts(call, FenceInstruction, FirmwareEvent.FenceISent, FirmwareEvent.FenceIReceived)),
        new(Eid, 1, "remote_sfence_vma", ["hart_mask", "hart_mask_base", "start_addr", "size"], call => Fence(call, null)),
        new(Eid, 2, "remote_sfence_vma_asid", ["hart_mask", "hart_mask_base", "start_addr", "size", "asid"], FenceAsid),
        new(Eid, 3, "remote_hfence_gvma_vmid", ["hart_mask", "hart_mask_base", "start_addr", "size", "vmid"], FenceGuestPhysicalVmid),
        new(Eid, 4, "remote_hfence_gvma", ["hart_mask", "hart_mask_base", "start_addr", "size"], call => FenceGuestPhysical(call, null)),
        new(Eid, 5, "remote_hfence_vvma_asid", ["hart_mask", "hart_mask_base", "start_addr", "size", "asid"], FenceGuestVirtualAsid),
        new(Eid, 6, "remote_hfence_vvma", ["hart_mask", "hart_mask_base", "start_addr", "size"], call => FenceGuestVirtual(call, null)),
    ];

    private static bool HasHypervisor(SbiCall call) => call.Hart.Configuration.Extensions.Has(Extension.H);

    private SbiResult? FenceAsid(SbiCall call) =>
        call[4] >> call.Hart.Configuration.AsidBits != 0 ? SbiError.InvalidParam : Fence(call, (uint)call[4]);

    private SbiResult? FenceGuestVirtualAsid(SbiCall call) =>
        call[4] >> call.Hart.Configuration.AsidBits != 0 && HasHypervisor(call) ? SbiError.InvalidParam : FenceGuestVirtual(call, (uint)call[4]);

    private SbiResult? FenceGuestPhysicalVmid(SbiCall call) =>
        call[4] >> call.Hart.Configuration.VmidBits != 0 && HasHypervisor(call) ? SbiError.InvalidParam : FenceGuestPhysical(call, (uint)call[4]);

    private SbiResult? Fence(SbiCall call, uint? asid)
    {
        if (!TryGetPages(call, out PageRange pages))
        {
            return SbiError.InvalidAddress;
        }

        uint sdid = call.Hart.Sdid;
        Action<Hart> request = pages.IsEverything
            ? (asid is null ? FenceEverything[sdid] : hart => hart.FenceAddressSpace(null, asid, sdid))
            : hart => pages.ForEach(address => hart.FenceAddressSpace(address, asid, sdid));
        return asid is null
            ? OnHarts(call, request, FirmwareEvent.SfenceVmaSent, FirmwareEvent.SfenceVmaReceived)
            : OnHarts(call, request, FirmwareEvent.SfenceVmaAsidSent, FirmwareEvent.SfenceVmaAsidReceived);
    }

    // Of the virtual machine in the calling hart's hgatp, wherever it runs.
    private SbiResult? FenceGuestVirtual(SbiCall call, uint? asid)
    {
        if (!HasHypervisor(call))
        {
            return SbiError.NotSupported;
        }

        if (!TryGetPages(call, out PageRange pages))
        {
            return SbiError.InvalidAddress;
        }

        uint vmid = call.Hart.Vmid;
        uint sdid = call.Hart.Sdid;
        Action<Hart> request = pages.IsEverything
            ? hart => hart.ForgetGuestVirtual(vmid, null, asid, sdid)
            : hart => pages.ForEach(address => hart.ForgetGuestVirtual(vmid, address, asid, sdid));
        return asid is null
            ? OnHarts(call, request, FirmwareEvent.HfenceVvmaSent, FirmwareEvent.HfenceVvmaReceived)
            : OnHarts(call, request, FirmwareEvent.HfenceVvmaAsidSent, FirmwareEvent.HfenceVvmaAsidReceived);
    }

    // Translations do not remember guest physical addresses: the range is checked, and everything of the virtual machine goes.
    private SbiResult? FenceGuestPhysical(SbiCall call, uint? vmid)
    {
        if (!HasHypervisor(call))
        {
            return SbiError.NotSupported;
        }

        if (!TryGetPages(call, out _))
        {
            return SbiError.InvalidAddress;
        }

        uint sdid = call.Hart.Sdid;
        Action<Hart> request = hart => hart.ForgetGuestPhysical(vmid, sdid: sdid);
        return vmid is null
            ? OnHarts(call, request, FirmwareEvent.HfenceGvmaSent, FirmwareEvent.HfenceGvmaReceived)
            : OnHarts(call, request, FirmwareEvent.HfenceGvmaVmidSent, FirmwareEvent.HfenceGvmaVmidReceived);
    }

    // The range in start_addr and size; false if it leaves the address space.
    private static bool TryGetPages(SbiCall call, out PageRange pages)
    {
        (ulong start, ulong size) = (call[2], call[3]);
        bool everything = (start == 0 && size == 0) || size == ulong.MaxValue;
        pages = default;
        if (!everything && size != 0 && start > ulong.MaxValue - (size - 1))
        {
            return false;
        }

        // By page numbers: a range may end at the very top of the address space.
        ulong first = start >> PageShift;
        ulong count = size == 0 ? 0 : ((start + (size - 1)) >> PageShift) - first + 1;
        pages = new PageRange(first, count, everything || count > MaximumPages);
        return true;
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

    private readonly record struct PageRange(ulong First, ulong Count, bool IsEverything)
    {
        public void ForEach(Action<ulong> fence)
        {
            for (ulong page = First; page - First < Count; page++)
            {
                fence(page << PageShift);
            }
        }
    }
}
