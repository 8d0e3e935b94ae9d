namespace CoveJit.Machines;

/// <summary>Why a machine ended.</summary>
public enum MachineEndKind
{
    /// <summary>The guest powered off.</summary>
    PowerOff,

    /// <summary>The guest powered off and reported a failure, or an HTIF program gave its verdict.</summary>
    Exit,

    /// <summary>The guest asked for a reset.</summary>
    Reboot,

    /// <summary>A hart can never execute anything again: its trap handler cannot be fetched.</summary>
    Stuck,

    /// <summary>The embedding program stopped it.</summary>
    Stopped,
}

/// <summary>How a machine ended.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Code">The guest's exit code; 0 unless <see cref="MachineEndKind.Exit"/> or <see cref="MachineEndKind.Stuck"/>.</param>
public readonly record struct MachineEnd(MachineEndKind Kind, int Code = 0);
