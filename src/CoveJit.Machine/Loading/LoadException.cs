namespace CoveJit.Machines.Loading;

/// <summary>
/// A file or a machine's options cannot be turned into a bootable machine. The message is one line for the user: what is
/// wrong, then what to do about it. It is the only exception a loader throws, whatever the input.
/// </summary>
public sealed class LoadException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="cause">What is wrong, naming the file.</param>
    /// <param name="mend">What the user can do.</param>
    public LoadException(string cause, string mend)
        : base($"{cause}; {mend}")
    {
        Cause = cause;
        Mend = mend;
    }

    /// <summary>Makes the error, keeping the host's own exception.</summary>
    public LoadException(string cause, string mend, Exception inner)
        : base($"{cause}; {mend}", inner)
    {
        Cause = cause;
        Mend = mend;
    }

    /// <summary>Makes the error from a host error, or one of a library that says cause and mend in one line.</summary>
    /// <param name="option">The option at fault.</param>
    /// <param name="inner">The error; only the first line of its message is used.</param>
    /// <param name="mend">What the user can do, where the message does not say.</param>
    internal static LoadException FromOneLine(string option, Exception inner, string mend)
    {
        string line = inner.Message.Split('\n')[0].TrimEnd('.', '\r');
        int split = line.LastIndexOf("; ", StringComparison.Ordinal);
        return split < 0
            ? new LoadException($"{option}: {line}", mend, inner)
            : new LoadException($"{option}: {line[..split]}", line[(split + 2)..], inner);
    }

    /// <summary>What is wrong, naming the file.</summary>
    public string Cause { get; }

    /// <summary>What the user can do.</summary>
    public string Mend { get; }
}
