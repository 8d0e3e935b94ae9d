namespace CoveJit.Guests;

/// <summary>How a program ended.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record ToolResult(int Status, string Output, string Error)
{
    /// <summary>First line of standard error that says something, preferring apt's <c>E:</c> lines over its warnings.</summary>
    public string FirstError
    {
        get
        {
            string[] lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return Array.Find(lines, line => line.StartsWith("E:", StringComparison.Ordinal))
                ?? lines.FirstOrDefault()
                ?? "no message";
        }
    }
}
