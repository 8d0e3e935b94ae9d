using CoveJit.Harts;

namespace CoveJit.Monitor;

/// <summary>What the managed firmware needs of the machine.</summary>
public interface IMonitorPlatform
{
    /// <summary>The harts; their index is their mhartid.</summary>
    IReadOnlyList<Hart> Harts { get; }

    /// <summary>Writes to the debug console.</summary>
    void ConsoleWrite(ReadOnlySpan<byte> bytes);

    /// <summary>Takes input that has arrived at the debug console; returns the number of bytes, never waits.</summary>
    int ConsoleRead(Span<byte> buffer);

    /// <summary>Asks the machine to power off; the harts stop at their next block.</summary>
    /// <param name="failure">Whether the guest reports a system failure.</param>
    void PowerOff(bool failure);

    /// <summary>Asks the machine to reset itself.</summary>
    void Reboot();
}
