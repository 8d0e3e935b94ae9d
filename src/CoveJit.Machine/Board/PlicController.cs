using CoveJit.Devices.Interrupts;
using CoveJit.Harts;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>A board with a PLIC.</summary>
internal sealed class PlicController(IReadOnlyList<Hart> harts) : InterruptControllers
{
    private readonly Plic _plic = new("plic", Lines(harts, machine: true), Lines(harts, machine: false));

    /// <inheritdoc/>
    public override IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices => [(VirtMemoryMap.Plic.Base, VirtMemoryMap.Plic.Size, _plic)];

    /// <inheritdoc/>
    public override IInterruptLine Source(uint number) => _plic.Source((int)number);

    /// <inheritdoc/>
    public override uint[] Specifier(uint number) => [number];

    /// <inheritdoc/>
    public override void Describe(BoardDeviceTree tree, bool managed)
    {
        Phandle = tree.Phandles.Reserve();
        Plic.Describe(tree.Soc, VirtMemoryMap.Plic.Base, Phandle, _plic.Sources, tree.HartInterruptControllers());
    }
}
