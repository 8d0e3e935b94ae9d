using CoveJit.Monitor.Sbi;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Tdisp;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: a TVM's device interfaces (CoVE-IO, "Device Interface Management").</summary>
internal static class GuestInterfaces
{
    private const uint GetState = 1028;
    private const uint Start = 1030;
    private const uint Stop = 1031;
    private const ulong PageSize = 4096;

    private static readonly CoveArgument Interface = new("device_if_id", ArgumentKind.BoundInterface, SbiError.Failed);

    /// <summary>A session whose keys are used up, as a TVM is told.</summary>
    public static readonly CoveErrorCase Spent = new(CoveError.KeyUpdateRequired, "the keys of the session with the device have protected almost as many records as they may: the host has to change them");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 1027, null, "get_interface_report",
            [Interface, new("if_report_out_addr", ArgumentKind.GuestPage), new("if_report_size", ArgumentKind.Length)],
            "Writes the report of a locked interface, as the device sent it when it was bound.",
            "bytes written",
            [
                new(SbiError.InvalidAddress, "the place is not confidential memory"),
                new(SbiError.Failed, "it does not fit"),
            ],
            GetReport),
        new(
            CoveExtension.Guest, GetState, null, "get_interface_state", [Interface],
            "Asks the device for the state of an interface: 0 unlocked, 1 locked, 2 running, 3 error. One in error is out of use from then on. Waits for the device, unless it is stopped (0), in error or its session is over (3).",
            "the state",
            [
                Spent,
                new(SbiError.Failed, "the device waits for another call, or does not answer as it should"),
            ],
            GetInterfaceState),
        new(
            CoveExtension.Guest, 1029, null, "map_interface_mmio",
            [Interface, new("gpa_addr", ArgumentKind.GuestPage), new("hpa_addr", ArgumentKind.Page), new("size", ArgumentKind.PageLength)],
            "Maps one range of a locked interface's report, all of it, where nothing is declared in the TVM's address space. Ranges are mapped in the report's order. Accesses reach the device once it runs; otherwise they read as ones, and writes are lost.",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "the guest's range is in use, or wider than the page table"),
                new(SbiError.Failed, "the interface is not locked, this is not a range of its report or one before the last that was mapped, the host has not added all of it, it is not the stream's, or the TVM has too few page-table pages, or too many regions"),
            ],
            Map),
        new(
            CoveExtension.Guest, Start, null, "start_interface", [Interface],
            "Starts a locked interface: the device's DMA and the TVM's accesses are let through. Waits for the device.",
            string.Empty,
            [
                new(SbiError.AlreadyStarted, "it runs"),
                Spent,
                new(SbiError.Failed, "it is not locked, or the device waits for another call, or refuses"),
            ],
            StartInterface),
        new(
            CoveExtension.Guest, Stop, null, "stop_interface", [Interface],
            "Stops an interface, or rejects it; it is out of use whatever the device answers. The host has yet to unbind it. Waits for the device.",
            string.Empty,
            [
                new(SbiError.AlreadyStopped, "it is stopped"),
                Spent,
                new(SbiError.Failed, "the session with the device is over, or the device waits for another call, or refuses"),
            ],
            StopInterface),
    ];

    private static SbiResult? GetReport(CoveCall call)
    {
        byte[] report = call.Device.Interface!.ReportBytes;
        if ((ulong)report.Length > call[2])
        {
            return SbiError.Failed;
        }

        return call.Tsm.TryWriteGuest(call.Tvm, call[1], report) ? SbiResult.Of((ulong)report.Length) : SbiError.InvalidAddress;
    }

    private static SbiResult? GetInterfaceState(CoveCall call)
    {
        TeeDevice device = call.Device;
        if (device.Interface!.State is InterfaceState.Stopped or InterfaceState.Lost)
        {
            return SbiResult.Of((ulong)(device.Interface.State == InterfaceState.Stopped ? TdispState.ConfigUnlocked : TdispState.Error));
        }

        return Check(device) ?? call.Tsm.Devices!.GuestCall(call, GetState, device, async () =>
        {
            TdispState state = await device.Connection!.Tdisp().GetStateAsync().ConfigureAwait(false);
            InterfaceState own = device.Interface!.State;
            if (state == TdispState.Error)
            {
                call.Tsm.Devices!.Disable(device, InterfaceState.Lost);
            }
            else if (state != (own == InterfaceState.Running ? TdispState.Run : TdispState.ConfigLocked))
            {
                throw new SpdmException(SpdmFailure.Unexpected, $"the interface is in {state}, and was not brought there");
            }

            return SbiResult.Of((ulong)state);
        });
    }

    private static SbiResult? Map(CoveCall call)
    {
        (Tvm tvm, DeviceInterface its, ulong guest, ulong address, ulong size) = (call.Tvm, call.Device.Interface!, call[1], call[2], call[3]);
        if (!tvm.HasAddresses(guest, size))
        {
            return SbiError.InvalidAddress;
        }

        int range = its.NextRange;
        while (range < its.Report.MmioRanges.Count && !IsRange(its.Report.MmioRanges[range], address, size))
        {
            range++;
        }

        if (its.State != InterfaceState.Locked || range == its.Report.MmioRanges.Count || !its.HasRegion(address, size) || call.Device.Connection?.Stream.IsFor(address, size) != true)
        {
            return SbiError.Failed;
        }

        InterfaceMapping mapping = new(guest, address, size);
        if (!its.Mappings.Contains(mapping)) // it may be from before, when the interface was bound to the TVM already
        {
            if (!tvm.Regions.IsAll(guest, size, RegionKind.None))
            {
                return SbiError.InvalidAddress;
            }

            if (its.Mappings.Any(other => other.Address == address) || !TryMap(call.Tsm, tvm, mapping))
            {
                return SbiError.Failed;
            }

            its.Mappings.Add(mapping);
        }

        its.NextRange = range + 1;
        return SbiResult.Success;
    }

    private static bool IsRange(TdispMmioRange range, ulong address, ulong size) => range.FirstPage == address / PageSize && range.PageCount == size / PageSize;

    private static bool TryMap(SecurityManager tsm, Tvm tvm, InterfaceMapping mapping)
    {
        if (!tvm.Regions.TrySet(mapping.GuestAddress, mapping.Size, RegionKind.Device))
        {
            return false;
        }

        if (tsm.Map(tvm, mapping.GuestAddress, mapping.Address, 0, mapping.Size / PageSize, LeafKind.Device, present: false) == MapError.None)
        {
            return true;
        }

        tvm.Regions.TrySet(mapping.GuestAddress, mapping.Size, RegionKind.None);
        return false;
    }

    private static SbiResult? StartInterface(CoveCall call)
    {
        (TeeDevice device, DeviceInterface its) = (call.Device, call.Device.Interface!);
        if (its.State != InterfaceState.Locked)
        {
            return its.State == InterfaceState.Running ? SbiError.AlreadyStarted : SbiError.Failed;
        }

        return Check(device) ?? call.Tsm.Devices!.GuestCall(call, Start, device, async () =>
        {
            TdispRequester requester = device.Connection!.Tdisp();
            await requester.StartAsync(its.Nonce).ConfigureAwait(false);
            await DeviceManager.RequireStateAsync(requester, TdispState.Run).ConfigureAwait(false);
            call.Tsm.Devices!.Enable(device);
            return SbiError.Success;
        });
    }

    private static SbiResult? StopInterface(CoveCall call)
    {
        (TeeDevice device, DeviceInterface its) = (call.Device, call.Device.Interface!);
        if (its.State == InterfaceState.Stopped)
        {
            return SbiError.AlreadyStopped;
        }

        return Check(device) ?? call.Tsm.Devices!.GuestCall(call, Stop, device, async () =>
        {
            // It is out of use whatever the device answers.
            InterfaceState end = InterfaceState.Lost;
            try
            {
                await device.Connection!.Tdisp().StopAsync().ConfigureAwait(false);
                end = InterfaceState.Stopped;
            }
            finally
            {
                call.Tsm.Devices!.Disable(device, end);
            }

            return SbiError.Success;
        });
    }

    private static SbiResult? Check(TeeDevice device) =>
        device.Operation is not null ? SbiError.Failed : HostDevices.CheckSession(device) is SbiError error ? error : null;
}
