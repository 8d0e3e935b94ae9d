namespace CoveJit.Machines;

/// <summary>What a machine needs of the program that embeds it.</summary>
public interface IMachineHost
{
    /// <summary>Console output of the guest (UART, SBI console, HTIF). Called from any thread, under the device's lock: it must not wait for the guest.</summary>
    void ConsoleWrite(ReadOnlySpan<byte> bytes);

    /// <summary>One line of trace or diagnosis.</summary>
    void Report(string line);
}
