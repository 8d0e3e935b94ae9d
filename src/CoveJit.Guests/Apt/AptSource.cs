namespace CoveJit.Guests.Apt;

/// <summary>One archive in the host's apt configuration, sources.list(5).</summary>
/// <param name="Uri">Address of the archive.</param>
/// <param name="Suites">Suites taken from it.</param>
/// <param name="Components">Components taken from it; none for a flat repository.</param>
/// <param name="SignedBy">Value of Signed-By, or null: files, fingerprints or an embedded key.</param>
/// <param name="Origin">File the entry is from.</param>
public sealed record AptSource(
    string Uri,
    IReadOnlyList<string> Suites,
    IReadOnlyList<string> Components,
    string? SignedBy,
    string Origin)
{
    /// <summary>Absolute names of the keyring files in <see cref="SignedBy"/>.</summary>
    public IReadOnlyList<string> KeyringFiles =>
        SignedBy is null
            ? []
            : [.. SignedBy.Split([' ', '\t', '\n', ','], StringSplitOptions.RemoveEmptyEntries).Where(part => part.StartsWith('/'))];
}
