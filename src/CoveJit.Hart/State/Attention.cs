namespace CoveJit.Harts.State;

/// <summary>Reasons for a hart to leave executing code; bits of <see cref="HartState.Attention"/>.</summary>
[Flags]
public enum Attention
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An interrupt may have become pending.</summary>
    Interrupt = 1,

    /// <summary>Other harts or devices have left requests (remote fences).</summary>
    Requests = 2,

    /// <summary>The hart shall stop running and return to its caller.</summary>
    Stop = 4,
}
