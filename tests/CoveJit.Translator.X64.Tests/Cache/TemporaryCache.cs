using CoveJit.Translator.X64.Cache;

namespace CoveJit.Translator.X64.Tests.Cache;

/// <summary>A cache directory of its own, removed at the end.</summary>
public sealed class TemporaryCache : IDisposable
{
    public TemporaryCache()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"covejit-cache-{Guid.NewGuid():N}");
        Directory = new CacheDirectory(Path);
    }

    public string Path { get; }

    public CacheDirectory Directory { get; }

    /// <summary>The one file of translations.</summary>
    public string File => Assert.Single(System.IO.Directory.GetFiles(Path, "*.blocks"));

    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}
