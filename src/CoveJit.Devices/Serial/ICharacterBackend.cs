namespace CoveJit.Devices.Serial;

/// <summary>Where a serial port's output goes: a terminal, a file, a test's buffer.</summary>
public interface ICharacterBackend
{
    /// <summary>
    /// Takes output, one byte or more. Called on a hart's thread with the port's lock held, so bytes keep their order: it must
    /// not throw and must not wait for anyone who calls the port. Buffering and prompt flushing are its own affair.
    /// </summary>
    void Write(ReadOnlySpan<byte> bytes);
}
