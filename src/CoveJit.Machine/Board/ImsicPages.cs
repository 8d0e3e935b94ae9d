using CoveJit.Devices.Interrupts;
using CoveJit.Harts;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>The memory regions of the harts' IMSICs, and the way of messages to them.</summary>
internal sealed class ImsicPages(IReadOnlyList<Hart> harts) : IMessagePort
{
    /// <summary>The machine-level files.</summary>
    public Imsic Machine { get; } = new("imsic_m", [.. harts.Select(hart => (IReadOnlyList<IMessageTarget>)[hart.MachineFile!])]);

    /// <summary>The supervisor-level and guest files.</summary>
    public Imsic Supervisor { get; } = new("imsic_s", [.. harts.Select(hart => (IReadOnlyList<IMessageTarget>)[hart.SupervisorFile!, .. hart.GuestFiles])]);

    /// <summary>Highest identity of each file.</summary>
    public int Identities { get; } = harts[0].Configuration.InterruptIdentities;

    /// <summary>Bits of an address that choose among harts.</summary>
    public int HartIndexBits { get; } = Imsic.IndexBits(harts.Count);

    /// <summary>The devices, and where they are.</summary>
    public IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices =>
        [(VirtMemoryMap.ImsicM.Base, Machine.WindowSize, Machine), (VirtMemoryMap.ImsicS.Base, Supervisor.WindowSize, Supervisor)];

    /// <inheritdoc/>
    public void Send(ulong address, uint data)
    {
        // Elsewhere than to interrupt files no message goes: not to RAM, and not back to the controller that sends it.
        if (!Machine.TryWrite(address - VirtMemoryMap.ImsicM.Base, sizeof(uint), data))
        {
            Supervisor.TryWrite(address - VirtMemoryMap.ImsicS.Base, sizeof(uint), data);
        }
    }
}
