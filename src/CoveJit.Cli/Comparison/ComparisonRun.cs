using System.Text.Json;

namespace CoveJit.Cli.Comparison;

/// <summary>What comparisons of a guest in several placements say of themselves.</summary>
/// <param name="Covejit">Version of the emulator.</param>
/// <param name="Host">The host's operating system and processor architecture.</param>
/// <param name="HostProcessors">Its processors.</param>
/// <param name="StartedUtc">When it began.</param>
/// <param name="Guest">The guest.</param>
/// <param name="MemoryBytes">The guest's RAM, everywhere.</param>
/// <param name="Repeat">Runs in each placement, which took turns.</param>
/// <param name="SecondsEach">Seconds of each phase that has no end of its own, by the guest's clock.</param>
/// <param name="InstructionClock">Whether the guest's clock is derived from instructions.</param>
internal sealed record ComparisonRun(string Covejit, string Host, int HostProcessors, DateTime StartedUtc, string Guest, ulong MemoryBytes, int Repeat, double SecondsEach, bool InstructionClock)
{
    /// <summary>Version of the layout of results in JSON.</summary>
    public const int SchemaVersion = 2;
}

/// <summary>One placement.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unavailable">Why nothing was measured there; null if something was.</param>
/// <param name="Hypervisor">What the hypervisor printed at the end of each run: a line for the virtual machine, and one for the machine.</param>
internal sealed record ComparedPlacement(string Name, string? Unavailable, IReadOnlyList<IReadOnlyList<JsonElement>> Hypervisor);
