namespace CoveJit.Devices.Tests.BoardFakes;

/// <summary>A test that needs a program of the host; reported as skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequiresToolFactAttribute : FactAttribute
{
    public RequiresToolFactAttribute(params string[] tools)
    {
        string? missing = tools.FirstOrDefault(tool => !IsInstalled(tool));
        if (missing is not null)
        {
            Skip = $"{missing} is not installed";
        }
    }

    private static bool IsInstalled(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));
}
