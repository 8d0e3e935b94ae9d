using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Machines.Options;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>The board's external interrupt controllers: those of one <see cref="InterruptArchitecture"/>.</summary>
internal abstract class InterruptControllers
{
    /// <summary>The devices, and where they are.</summary>
    public abstract IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices { get; }

    /// <summary>Phandle of the controller that wired interrupts go to; once <see cref="Describe"/> has been called.</summary>
    public uint Phandle { get; protected set; }

    /// <summary>Phandle of the controller that messages go to, once <see cref="Describe"/> has been called; 0 if there is none.</summary>
    public uint MessageParent { get; protected set; }

    /// <summary>Makes the controllers.</summary>
    public static InterruptControllers Create(MachineOptions options, IReadOnlyList<Hart> harts) => options.Interrupts switch
    {
        InterruptArchitecture.Plic => new PlicController(harts),
        InterruptArchitecture.Aplic => AplicControllers.Direct(harts),
        _ => AplicControllers.WithImsics(harts),
    };

    /// <summary>The wire of an interrupt source.</summary>
    public abstract IInterruptLine Source(uint number);

    /// <summary>Takes a device's write of 4 bytes as an interrupt message; false if there is no interrupt file at the address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="data">The message.</param>
    /// <param name="confidential">Whether it may go to a file that the host has given away: that of a TEE device interface may.</param>
    public virtual bool TrySend(ulong address, uint data, bool confidential = false) => false;

    /// <summary>How a device's node spells an interrupt source, with <see cref="Phandle"/> as its parent.</summary>
    public abstract uint[] Specifier(uint number);

    /// <summary>Adds the controllers' nodes.</summary>
    /// <param name="tree">The tree under construction.</param>
    /// <param name="managed">Whether the managed firmware has machine level to itself: what is at machine level is then disabled in the tree.</param>
    public abstract void Describe(BoardDeviceTree tree, bool managed);

    /// <summary>Sets up machine level the way firmware does before it enters the kernel.</summary>
    public virtual void SetUpMachineLevel()
    {
    }

    /// <summary>MEIP or SEIP of each hart.</summary>
    protected static IInterruptLine[] Lines(IReadOnlyList<Hart> harts, bool machine) =>
        [.. harts.Select(hart => hart.Line(machine ? InterruptCode.MachineExternal : InterruptCode.SupervisorExternal))];
}
