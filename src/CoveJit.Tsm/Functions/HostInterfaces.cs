using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: device interfaces and TVMs (CoVE-IO, "TVM Memory Management", "Device Interface Management").</summary>
internal static class HostInterfaces
{
    private const uint Bind = 1028;
    private const uint Unbind = 1030;
    private const int MostRegions = 64;

    private static readonly CoveArgument Interface = new("device_if_id", ArgumentKind.Device);
    private static readonly CoveArgument Address = new("base_addr", ArgumentKind.Page);
    private static readonly CoveArgument Length = new("region_len", ArgumentKind.PageLength);

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 1026, null, "add_tvm_interface_region", [Guest, Interface, Address, Length],
            "Gives a TVM a range of an interface's memory, by its supervisor physical address, before the interface is bound. The TVM maps it (map_interface_mmio).",
            string.Empty,
            [new(SbiError.Failed, "the interface is bound or another TVM's, the range is not in a window of functions' memory, a part of it has been given already, or the memory for protection tables is used up")],
            AddRegion),
        new(
            CoveExtension.Host, 1027, null, "reclaim_tvm_interface_region", [Guest, Interface, Address, Length],
            "Takes back a range that was given by add_tvm_interface_region. What the TVM has mapped of it is not mapped any more.",
            string.Empty,
            [new(SbiError.Failed, "the interface is bound, the range is not one that was given, or the memory for protection tables is used up")],
            ReclaimRegion),
        new(
            CoveExtension.Host, Bind, null, "bind_interface", [Guest, Interface],
            "Locks a device interface for a TVM, which may then verify and start it. Waits for the device.",
            HostDevices.Waits,
            [
                NoSharedMemory,
                HostDevices.Spent,
                new(SbiError.Failed, "the device has no session or stream, waits for another call or refuses, the interface is bound or another TVM's, it is not locked as it was asked for, or reports memory that another bound interface has"),
            ],
            BindInterface),
        new(
            CoveExtension.Host, Unbind, null, "unbind_interface", [Guest, Interface],
            "Stops a device interface and takes it from a TVM, whatever the device answers; ends other calls about it. Waits for the device.",
            HostDevices.Waits,
            [NoSharedMemory, new(SbiError.Failed, "the interface is not bound to the TVM")],
            UnbindInterface),
    ];

    private static SbiResult? AddRegion(CoveCall call)
    {
        (TeeDevice device, Tvm tvm, ulong start, ulong size) = (call.Device, call.Tvm, call[2], call[3]);
        DeviceManager devices = call.Tsm.Devices!;
        DeviceInterface its = device.Interface ?? new DeviceInterface(tvm, device.Id!.Value);
        bool inWindow = devices.Platform.Windows.Any(window => start >= window.Start && size <= window.Size && start - window.Start <= window.Size - size);
        if (its.Tvm != tvm || its.IsBound || !inWindow || its.Regions.Count == MostRegions || device.Operation is not null
            || call.Tsm.Root.GrantDevicePages(start, size, call.Tsm.Domain, call.Hart) != DomainError.None)
        {
            return SbiError.Failed;
        }

        its.Regions.Add((start, size));
        device.Interface = its;
        return SbiResult.Success;
    }

    private static SbiResult? ReclaimRegion(CoveCall call)
    {
        (TeeDevice device, ulong start, ulong size) = (call.Device, call[2], call[3]);
        if (device.Interface is not { IsBound: false } its || its.Tvm != call.Tvm || device.Operation is not null || !its.Regions.Contains((start, size)))
        {
            return SbiError.Failed;
        }

        // No hart has translations of what is blocked.
        if (call.Tsm.Root.RevokeDevicePages(start, size, call.Tsm.Domain, call.Hart) != DomainError.None)
        {
            return SbiError.Failed;
        }

        its.Regions.Remove((start, size));
        foreach (InterfaceMapping mapping in its.Mappings.Where(mapping => !its.HasRegion(mapping.Address, mapping.Size)).ToArray())
        {
            its.Tvm.Stage.ForEach(mapping.GuestAddress, mapping.Size, leaf =>
            {
                its.Tvm.Stage.Remove(leaf);
                return true;
            });
            its.Tvm.Regions.TrySet(mapping.GuestAddress, mapping.Size, RegionKind.None); // as many ranges as before at most, and two
            its.Mappings.Remove(mapping);
        }

        DeviceManager.Tidy(device);
        return SbiResult.Success;
    }

    private static SbiResult? BindInterface(CoveCall call)
    {
        (TeeDevice device, Tvm tvm) = (call.Device, call.Tvm);
        DeviceManager devices = call.Tsm.Devices!;
        if (HostDevices.CheckSession(device) is SbiError error)
        {
            return error;
        }

        if (device.Operation is null && (!device.Connection!.IsProtected || tvm.State == TvmState.Dead || (device.Interface is { } other && (other.IsBound || other.Tvm != tvm))))
        {
            return SbiError.Failed;
        }

        return devices.HostCall(call, Bind, device, 2, tvm, async () =>
        {
            TdispRequester requester = device.Connection!.Tdisp();
            await requester.CheckVersionAsync().ConfigureAwait(false);
            TdispCapabilities capabilities = await requester.GetCapabilitiesAsync().ConfigureAwait(false);
            if (await requester.GetStateAsync().ConfigureAwait(false) != TdispState.ConfigUnlocked)
            {
                await requester.StopAsync().ConfigureAwait(false); // left by a TVM that has ended, or an earlier session
            }

            TdispLockFlags flags = capabilities.LockFlags & TdispLockFlags.NoFirmwareUpdate;
            byte[] nonce = await requester.LockAsync(flags, device.Connection.Stream.StreamId).ConfigureAwait(false);
            (TdispReport report, byte[] bytes) = await requester.GetReportAsync().ConfigureAwait(false);
            await DeviceManager.RequireStateAsync(requester, TdispState.ConfigLocked).ConfigureAwait(false);
            if (!IsOfLock(report, flags) || !Fits(devices, report) || !devices.TryPrepareDma(device, tvm))
            {
                await requester.StopAsync().ConfigureAwait(false);
                return SbiError.Failed;
            }

            DeviceInterface its = device.Interface ??= new DeviceInterface(tvm, device.Id!.Value);
            (its.Nonce, its.Report, its.ReportBytes, its.NextRange) = (nonce, report, bytes, 0);
            its.State = InterfaceState.Locked;
            return SbiError.Success;
        });
    }

    private static SbiResult? UnbindInterface(CoveCall call)
    {
        (TeeDevice device, Tvm tvm) = (call.Device, call.Tvm);
        if (device.Interface is not { IsBound: true } its || its.Tvm != tvm)
        {
            return SbiError.Failed;
        }

        return call.Tsm.Devices!.HostCall(call, Unbind, device, 2, tvm, async () =>
        {
            // It is unbound on this side whatever the device answers.
            if (its.State != InterfaceState.Stopped && device.Connection is { IsOpen: true } connection)
            {
                _ = await DeviceManager.Guard(device, async () =>
                {
                    await connection.Tdisp().StopAsync().ConfigureAwait(false);
                    return SbiError.Success;
                }).ConfigureAwait(false);
            }

            call.Tsm.Devices!.Disable(device, InterfaceState.Unbound);
            DeviceManager.Tidy(device);
            return SbiError.Success;
        }, preempts: true);
    }

    // Whether a report is of an interface as it was locked: its messages are not, and it has nothing that the TSM has not set up.
    private static bool IsOfLock(TdispReport report, TdispLockFlags flags) =>
        report.InterfaceInfo == (TdispInterfaceInfo.DmaWithoutPasid | (flags == TdispLockFlags.NoFirmwareUpdate ? TdispInterfaceInfo.NoUpdateAfterLock : 0))
        && report is { MsixMessageControl: 0, LnrControl: 0, TphControl: 0 }
        && report.MmioRanges.All(range => (range.Attributes & (TdispMmioAttributes.NonTeeMemory | TdispMmioAttributes.Updatable)) == 0);

    // Whether a report can be true: no wrapping ranges, and none that another bound interface has.
    private static bool Fits(DeviceManager devices, TdispReport report)
    {
        const ulong Pages = 1UL << 44;
        return report.MmioRanges.All(range => range.FirstPage < Pages && range.PageCount != 0 && range.FirstPage + range.PageCount <= Pages)
            && !devices.All.Any(device => device.Interface is { IsBound: true } other && report.MmioRanges.Any(other.Reports));
    }
}
