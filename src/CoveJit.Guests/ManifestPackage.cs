namespace CoveJit.Guests;

/// <summary>A package as the signed index describes it.</summary>
/// <param name="Name">Package name.</param>
/// <param name="Version">Debian version.</param>
/// <param name="Architecture">Debian architecture.</param>
/// <param name="Sha256">SHA-256 of the package file, lower-case hexadecimal.</param>
/// <param name="SizeBytes">Size of the package file in bytes.</param>
public sealed record ManifestPackage(string Name, string Version, string Architecture, string Sha256, long SizeBytes);
