namespace CoveJit.Memory.Bus;

/// <summary>A level-sensitive wire into an interrupt controller or a hart. Thread-safe.</summary>
public interface IInterruptLine
{
    /// <summary>Drives the wire.</summary>
    void Set(bool level);
}
