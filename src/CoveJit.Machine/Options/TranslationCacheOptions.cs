namespace CoveJit.Machines.Options;

/// <summary>Where native code is kept between runs.</summary>
/// <param name="Directory">Path of the directory; made if it is absent.</param>
/// <param name="Required">Whether a directory that cannot be used is an error; otherwise the machine goes without.</param>
public sealed record TranslationCacheOptions(string Directory, bool Required);
