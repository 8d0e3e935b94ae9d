namespace CoveJit.Guests;

/// <summary>A guest could not be made. Cause and mend are one line each, meant for the person at the terminal.</summary>
public sealed class GuestBuildException : Exception
{
    /// <summary>States what went wrong and what to do about it.</summary>
    /// <param name="cause">What went wrong, one line.</param>
    /// <param name="mend">What would help, one line.</param>
    /// <param name="inner">The underlying failure, if there is one.</param>
    public GuestBuildException(string cause, string mend, Exception? inner = null)
        : base($"{cause}; {mend}", inner)
    {
        Cause = cause;
        Mend = mend;
    }

    /// <summary>What went wrong, one line.</summary>
    public string Cause { get; }

    /// <summary>What would help, one line.</summary>
    public string Mend { get; }
}
