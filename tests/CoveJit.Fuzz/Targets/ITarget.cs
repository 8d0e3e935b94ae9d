using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Targets;

/// <summary>A machine that runs a program image and returns what it printed on its UART.</summary>
public interface ITarget
{
    string Name { get; }

    /// <summary>Runs <paramref name="image"/> (an ELF file) until it powers off or <paramref name="timeout"/> passes.</summary>
    byte[] Run(byte[] image, MachineProfile profile, TimeSpan timeout);
}
