namespace CoveJit.Guests.Kernel;

/// <summary>An uncompressed kernel module.</summary>
/// <param name="Name">Name with underscores.</param>
/// <param name="Path">Path below <c>/lib/modules/RELEASE</c>, ending in <c>.ko</c>.</param>
/// <param name="Content">The ELF file.</param>
/// <param name="Depends">Names of the modules whose symbols it uses.</param>
internal sealed record KernelModule(string Name, string Path, byte[] Content, IReadOnlyList<string> Depends);
