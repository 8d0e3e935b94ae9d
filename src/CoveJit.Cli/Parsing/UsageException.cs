namespace CoveJit.Cli.Parsing;

/// <summary>The command line itself is wrong: reported in one line, exit code 2.</summary>
/// <param name="cause">What is wrong, naming the option.</param>
/// <param name="mend">What to write instead.</param>
public sealed class UsageException(string cause, string mend) : Exception($"{cause}; {mend}");
