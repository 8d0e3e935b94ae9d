namespace CoveJit.Guests;

/// <summary>A file of a guest.</summary>
/// <param name="Name">File name.</param>
/// <param name="Sha256">SHA-256 of the content, lower-case hexadecimal.</param>
/// <param name="SizeBytes">Size in bytes.</param>
public sealed record ManifestFile(string Name, string Sha256, long SizeBytes);
