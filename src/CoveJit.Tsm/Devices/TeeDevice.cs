using CoveJit.Devices.Pcie;
using CoveJit.Harts;
using CoveJit.Monitor.Sbi;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Devices;

/// <summary>What is in a slot behind a root port with IDE, to the TSM: a device of one function, which is its one interface. For the holder of the TSM's lock.</summary>
internal sealed class TeeDevice(RootPort port)
{
    /// <summary>Its root port.</summary>
    public RootPort Port { get; } = port;

    /// <summary>The function's number: the one that it was connected with, or donated with, otherwise the one that it has now; null if nothing is there.</summary>
    public RequesterId? Id => Connection?.Device ?? Interface?.Function ?? (Port.Slot is [PcieFunction function, ..] ? function.RequesterId : null);

    public DeviceConnection? Connection { get; set; }

    /// <summary>Its interface as a TVM's; null if it is nobody's.</summary>
    public DeviceInterface? Interface { get; set; }

    /// <summary>The call that waits for the device; null for none.</summary>
    public DeviceOperation? Operation { get; set; }

    /// <summary>The way of requests, by the host.</summary>
    public SteppedTransport Transport { get; } = new();

    /// <summary>The hart that the TSM is called on, for what waits for other harts.</summary>
    public Hart? Caller { get; set; }
}

/// <summary>A call that waits for a device.</summary>
/// <param name="device">The device.</param>
/// <param name="function">The function that was called.</param>
/// <param name="arguments">Its arguments: it goes on when it is called with the same ones.</param>
/// <param name="tvm">The TVM that it is about, if it is about one.</param>
/// <param name="vcpu">The vCPU that called; null if it was the host.</param>
internal sealed class DeviceOperation(TeeDevice device, uint function, ulong[] arguments, Tvm? tvm, Vcpu? vcpu)
{
    public TeeDevice Device => device;

    public uint Function => function;

    public Tvm? Tvm => tvm;

    public Vcpu? Vcpu => vcpu;

    /// <summary>The device's number, also if the connection is gone meanwhile.</summary>
    public RequesterId Id { get; } = device.Id ?? default;

    /// <summary>What it will return.</summary>
    public Task<SbiResult> Result { get; set; } = Task.FromResult<SbiResult>(SbiError.Failed);

    /// <summary>Whether a call of the host's is this one.</summary>
    public bool Is(uint called, ReadOnlySpan<ulong> with) => vcpu is null && called == function && with.SequenceEqual(arguments);
}
