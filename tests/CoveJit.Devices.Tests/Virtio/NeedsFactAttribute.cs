using System.Runtime.InteropServices;

namespace CoveJit.Devices.Tests.Virtio;

/// <summary>A fact that is shown as skipped where the host lacks a library or program.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(string need)
    {
        bool present = need.Contains(".so", StringComparison.Ordinal)
            ? NativeLibrary.TryLoad(need, out _)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, need)));
        Skip = present ? null : $"{need} is not installed";
    }
}
