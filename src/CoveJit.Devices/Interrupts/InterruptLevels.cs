namespace CoveJit.Devices.Interrupts;

/// <summary>What the device tree says of a level.</summary>
internal static class InterruptLevels
{
    // Interrupt numbers of the hart-local controller: mcause codes of machine and supervisor external interrupts.
    private const uint MachineExternalInterrupt = 11;
    private const uint SupervisorExternalInterrupt = 9;

    /// <summary>The <c>interrupts-extended</c> cells for the level's external interrupt of each hart.</summary>
    public static uint[] ExternalInterrupts(this InterruptLevel level, ReadOnlySpan<uint> hartInterruptControllers)
    {
        uint[] cells = new uint[hartInterruptControllers.Length * 2];
        for (int i = 0; i < hartInterruptControllers.Length; i++)
        {
            cells[i * 2] = hartInterruptControllers[i];
            cells[(i * 2) + 1] = level == InterruptLevel.Machine ? MachineExternalInterrupt : SupervisorExternalInterrupt;
        }

        return cells;
    }
}
