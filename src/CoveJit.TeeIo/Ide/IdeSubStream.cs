namespace CoveJit.TeeIo.Ide;

/// <summary>The three sub-streams of an IDE stream: each kind of TLP has keys and counters of its own.</summary>
public enum IdeSubStream : byte
{
    /// <summary>Posted requests.</summary>
    Posted = 0,

    /// <summary>Non-posted requests.</summary>
    NonPosted = 1,

    /// <summary>Completions.</summary>
    Completion = 2,
}
