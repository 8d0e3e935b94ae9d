namespace CoveJit.Memory.Bus;

/// <summary>A device's way to send message-signalled interrupts. Thread-safe.</summary>
public interface IMessagePort
{
    /// <summary>Sends a message: a 32-bit little-endian write. What reaches no interrupt file is lost.</summary>
    /// <param name="address">Physical address of an interrupt file's page.</param>
    /// <param name="data">The interrupt's identity.</param>
    void Send(ulong address, uint data);
}
