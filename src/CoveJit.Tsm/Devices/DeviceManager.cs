using CoveJit.Devices.Pcie;
using CoveJit.Harts;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Tdisp;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Pages;
using CoveJit.Tsm.Running;

namespace CoveJit.Tsm.Devices;

/// <summary>
/// The TSM's devices: which are connected, whose their interfaces are, and calls that wait for them. For the holder of the TSM's lock.
/// </summary>
internal sealed class DeviceManager
{
    private const int PageShift = 12;

    private readonly SecurityManager _tsm;
    private readonly TsmIommu _iommu;

    // What a call returned that did not wait, or has stopped waiting.
    private SbiResult _result;

    public DeviceManager(SecurityManager tsm, DevicePlatform platform)
    {
        _tsm = tsm;
        Platform = platform;
        RootPorts = new RootPortSecurity(platform.Ports);
        All = [.. platform.Ports.Where(port => port.Ide is not null).Select(port => new TeeDevice(port))];
        (ulong start, ulong size) = platform.IommuMemory;
        if (tsm.Root.Assign(start, size, tsm.Root.Host, tsm.Domain) != DomainError.None)
        {
            throw new InvalidOperationException("the memory for the TSM's IOMMU is not the host's RAM");
        }

        tsm.Pages.Set(start, size >> PageShift, PageKind.DeviceDirectory);
        _iommu = new TsmIommu(platform.Iommu, tsm.Pages.Ram, platform.IommuMemory);
    }

    public DevicePlatform Platform { get; }

    /// <summary>The root domain security manager's functions for root ports.</summary>
    public RootPortSecurity RootPorts { get; }

    public IReadOnlyList<TeeDevice> All { get; }

    /// <summary>Whether the IOMMU has executed everything that it was told.</summary>
    public bool IommuIsIdle => _iommu.IsIdle;

    /// <summary>Finds a device by its number; a connected one goes first.</summary>
    public TeeDevice? Find(ulong id) => All.Where(device => device.Id is { } own && own.Value == id).OrderBy(device => device.Connection is null).FirstOrDefault();

    /// <summary>Finds a device whose interface is bound to a TVM.</summary>
    public TeeDevice? FindBound(ulong id, Tvm tvm) => Find(id) is { Interface: { IsBound: true } its } device && its.Tvm == tvm ? device : null;

    /// <summary>Begins a call of the host's that may wait for a device, or goes on with it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="function">Its function.</param>
    /// <param name="device">The device.</param>
    /// <param name="count">Number of arguments.</param>
    /// <param name="tvm">The TVM that it is about, or null.</param>
    /// <param name="begin">What it does.</param>
    /// <param name="preempts">Whether it ends whatever other call waits for the device.</param>
    /// <returns>What the call returns: value 1 while it waits.</returns>
    public SbiResult HostCall(CoveCall call, uint function, TeeDevice device, int count, Tvm? tvm, Func<ValueTask<SbiResult>> begin, bool preempts = false)
    {
        if (_tsm.SharedMemoryOf(call.Hart) is not SharedMemory shared)
        {
            return SbiError.NoShmem;
        }

        ulong[] arguments = [.. Enumerable.Range(0, count).Select(i => call[i])];
        device.Caller = call.Hart;
        if (device.Operation is { } other && !other.Is(function, arguments))
        {
            if (!preempts)
            {
                return SbiError.Failed;
            }

            Cancel(device);
        }

        if (device.Operation is { } waiting)
        {
            Answer(waiting, shared);
        }
        else
        {
            Begin(device, new DeviceOperation(device, function, arguments, tvm, null), begin);
        }

        return device.Operation is { } pending ? ShowPending(pending, shared) : _result;
    }

    /// <summary>Begins a call of a TVM's that may wait for a device. Parameters as <see cref="HostCall"/>.</summary>
    /// <returns>Null if it waits: the vCPU exits.</returns>
    public SbiResult? GuestCall(CoveCall call, uint function, TeeDevice device, Func<ValueTask<SbiResult>> begin)
    {
        if (device.Operation is not null)
        {
            return SbiError.Failed;
        }

        device.Caller = call.Hart;
        DeviceOperation operation = new(device, function, [], call.Tvm, call.Vcpu);
        Begin(device, operation, begin);
        if (device.Operation is null)
        {
            return _result;
        }

        call.Vcpu.Operation = operation;
        ShowPending(operation, _tsm.SharedMemoryOf(call.Hart)!);
        return null;
    }

    /// <summary>Goes on with a call of a vCPU's, with the response that the host has brought.</summary>
    /// <returns>What the call returns; null if it waits again.</returns>
    public SbiResult? Resume(Hart hart, DeviceOperation operation, SharedMemory shared)
    {
        operation.Device.Caller = hart;
        if (!operation.Result.IsCompleted)
        {
            Answer(operation, shared);
        }

        if (operation.Result.IsCompleted)
        {
            return operation.Result.Result;
        }

        ShowPending(operation, shared);
        return null;
    }

    /// <summary>Asks the host for the transcript of a device's connection.</summary>
    public void AskForTranscript(CoveCall call, uint function, TeeDevice device) =>
        PendingExchange.Write(_tsm.SharedMemoryOf(call.Hart)!, function, device.Id!.Value, []);

    /// <summary>Ends the call that waits for a device: there will be no response.</summary>
    public void Cancel(TeeDevice device)
    {
        while (device.Operation is { } operation && device.Transport.Pending is not null)
        {
            device.Transport.Fail("the call was given up");
            Settle(operation);
        }
    }

    /// <summary>Prepares a function's DMA by a TVM's guest physical addresses: everything is refused until it is let through.</summary>
    /// <returns>False if there is no memory for it, or no classifier rule left.</returns>
    public bool TryPrepareDma(TeeDevice device, Tvm tvm) =>
        _iommu.TryPrepare(device.Id!.Value, tvm.Stage.Hgatp(tvm.Vmid)) && _tsm.Root.AssignRequester(device.Id.Value, _tsm.Domain, device.Caller) == DomainError.None;

    /// <summary>Lets a function's requests through, and its TVM's accesses to it.</summary>
    public void Enable(TeeDevice device)
    {
        DeviceInterface its = device.Interface!;
        _iommu.Enable(device.Id!.Value);
        SetPresent(its, true);
        its.State = InterfaceState.Running;
    }

    /// <summary>Ends what a function and its TVM may do to each other, and waits for what is under way.</summary>
    public void Disable(TeeDevice device, InterfaceState state)
    {
        DeviceInterface its = device.Interface!;
        if (its.State is InterfaceState.Locked or InterfaceState.Running)
        {
            RequesterId id = device.Id!.Value;
            _iommu.Remove(id);
            _tsm.Root.AssignRequester(id, null, device.Caller);
            SetPresent(its, false);
            _tsm.ForgetTranslations(its.Tvm, device.Caller!);
        }

        its.State = state;
        its.Nonce = [];
    }

    /// <summary>Removes an interface of nobody's: nothing is bound or added.</summary>
    public static void Tidy(TeeDevice device)
    {
        if (device.Interface is { IsBound: false, Regions.Count: 0 })
        {
            device.Interface = null;
        }
    }

    /// <summary>Ends a connection, whatever its device says.</summary>
    public void Drop(TeeDevice device)
    {
        if (device.Connection is { } connection)
        {
            Lose(device);
            connection.Dispose();
            device.Connection = null;
        }
    }

    /// <summary>Waits for requests of functions that were translated by a TVM's page table as it was before.</summary>
    public void Forget(Tvm tvm)
    {
        if (All.Any(device => device.Interface is { State: InterfaceState.Running } its && its.Tvm == tvm))
        {
            _iommu.Forget(tvm.Vmid);
        }
    }

    /// <summary>A TVM is about to end: its interfaces are nobody's, its calls are over.</summary>
    public void Release(Tvm tvm, Hart caller)
    {
        foreach (TeeDevice device in All)
        {
            device.Caller = caller;
            if (device.Operation?.Tvm == tvm)
            {
                Cancel(device);
            }

            if (device.Interface is { } its && its.Tvm == tvm)
            {
                Disable(device, InterfaceState.Unbound);
                foreach ((ulong start, ulong size) in its.Regions)
                {
                    _tsm.Root.RevokeDevicePages(start, size, _tsm.Domain, caller);
                }

                device.Interface = null;
            }
        }
    }

    /// <summary>Does what the device, or the host in its place, may answer with anything: it ends with an error, nothing is thrown.</summary>
    public static async Task<SbiResult> Guard(TeeDevice device, Func<ValueTask<SbiResult>> body)
    {
        try
        {
            return await body().ConfigureAwait(false);
        }
        catch (SpdmException e)
        {
            // A record that was not answered leaves the two ends at different places; and who answers what cannot be is not to be believed any more.
            if (e.Failure is not (SpdmFailure.PeerError or SpdmFailure.Unsupported or SpdmFailure.KeyUpdateRequired))
            {
                device.Connection?.Session?.Dispose();
            }

            return e.Failure == SpdmFailure.KeyUpdateRequired ? CoveError.KeyUpdateRequired : SbiError.Failed;
        }
        catch (TdispException)
        {
            return SbiError.Failed;
        }
    }

    /// <summary>Has a device say in which state an interface is, which can be this one only.</summary>
    /// <exception cref="SpdmException">It is another.</exception>
    public static async ValueTask RequireStateAsync(TdispRequester requester, TdispState state)
    {
        TdispState told = await requester.GetStateAsync().ConfigureAwait(false);
        if (told != state)
        {
            throw new SpdmException(SpdmFailure.Unexpected, $"the interface is in {told}, not in {state}");
        }
    }

    private void Begin(TeeDevice device, DeviceOperation operation, Func<ValueTask<SbiResult>> begin)
    {
        device.Operation = operation;
        operation.Result = Guard(device, begin);
        Settle(operation);
    }

    private void Answer(DeviceOperation operation, SharedMemory shared)
    {
        if (PendingExchange.TryRead(shared, operation.Function, operation.Id, out SpdmPacket response))
        {
            operation.Device.Transport.Complete(response);
            Settle(operation);
        }
        else
        {
            Cancel(operation.Device);
        }
    }

    private static SbiResult ShowPending(DeviceOperation operation, SharedMemory shared)
    {
        const ulong PendingRequest = 1; // SPDM_PENDING_REQUEST
        PendingExchange.Write(shared, operation.Function, operation.Id, operation.Device.Transport.Pending!.Value.Bytes.Span);
        return SbiResult.Of(PendingRequest);
    }

    // After a step: is the call over, is the session?
    private void Settle(DeviceOperation operation)
    {
        if (operation.Result.IsCompleted && operation.Device.Operation == operation)
        {
            operation.Device.Operation = null;
            _result = operation.Result.Result;
            if (operation.Device.Connection is { IsReady: true, IsOpen: false })
            {
                Lose(operation.Device);
            }
        }
    }

    // Without a session nobody can say what the device is: its interface is out of use, and so is the stream.
    private void Lose(TeeDevice device)
    {
        if (device.Interface is { IsBound: true } its)
        {
            Disable(device, its.State == InterfaceState.Stopped ? InterfaceState.Stopped : InterfaceState.Lost);
        }

        device.Connection!.ForgetKeys();
    }

    private static void SetPresent(DeviceInterface its, bool present)
    {
        foreach (InterfaceMapping mapping in its.Mappings)
        {
            its.Tvm.Stage.ForEach(mapping.GuestAddress, mapping.Size, leaf =>
            {
                its.Tvm.Stage.SetPresent(leaf, present);
                return true;
            });
        }
    }
}
