namespace CoveJit.Memory.Bus;

/// <summary>Where message-signalled interrupts arrive: an interrupt file of an IMSIC. Thread-safe.</summary>
public interface IMessageTarget
{
    /// <summary>Makes an interrupt pending.</summary>
    /// <param name="identity">Interrupt identity; one that is not implemented is ignored.</param>
    void Signal(uint identity);
}
