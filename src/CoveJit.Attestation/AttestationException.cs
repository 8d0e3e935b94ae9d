namespace CoveJit.Attestation;

/// <summary>
/// Evidence, a certificate, a reference file or a launch plan cannot be read. The message is one line: what is wrong, then what
/// to do about it. It is the only exception that reading such input throws, whatever the input.
/// </summary>
public sealed class AttestationException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="cause">What is wrong.</param>
    /// <param name="mend">What the user can do.</param>
    /// <param name="inner">The error of the host or of a library behind it.</param>
    public AttestationException(string cause, string mend, Exception? inner = null)
        : base($"{cause}; {mend}", inner)
    {
        Cause = cause;
        Mend = mend;
    }

    /// <summary>What is wrong.</summary>
    public string Cause { get; }

    /// <summary>What the user can do.</summary>
    public string Mend { get; }

    /// <summary>The error for evidence, or a part of it, that is not what CoVE says it is.</summary>
    internal static AttestationException Malformed(string what, string problem, Exception? inner = null) =>
        new($"{what} {problem}", "give evidence as the TSM made it", inner);
}
