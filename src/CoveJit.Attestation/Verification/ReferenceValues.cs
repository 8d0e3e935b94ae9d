using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Verification;

/// <summary>What evidence is compared with: a JSON file for <c>covejit verify --reference</c>, written by <c>covejit measure</c>.</summary>
/// <param name="SchemaVersion">1.</param>
/// <param name="Tvm">What the TVM has to be.</param>
/// <param name="RootPublicKeys">Roots that are trusted: SubjectPublicKeyInfo (DER) in hexadecimal.</param>
/// <param name="Platform">What the platform has to be; left out, only its state is checked.</param>
/// <param name="Tsm">What the TSM has to be; left out, it is not checked.</param>
public sealed record ReferenceValues(
    int SchemaVersion, TvmReference Tvm, IReadOnlyList<ReadOnlyMemory<byte>>? RootPublicKeys = null, PlatformReference? Platform = null, TsmReference? Tsm = null)
{
    /// <summary>The version of the format.</summary>
    public const int CurrentSchema = 1;

    private const string What = "reference file";

    /// <summary>Reads a file.</summary>
    /// <exception cref="AttestationException">It cannot be read, or is no reference file.</exception>
    public static ReferenceValues Load(string path) => AttestationJson.Load<ReferenceValues>(path, What).Validated();

    /// <summary>The file's text.</summary>
    public string ToJson() => AttestationJson.Write(this);

    /// <summary>The trusted roots.</summary>
    /// <exception cref="AttestationException">One is no P-384 key.</exception>
    public IReadOnlyList<P384PublicKey> ParseRoots() => [.. (RootPublicKeys ?? []).Select(root => P384PublicKey.FromSubjectPublicKeyInfo(root.Span))];

    internal ReferenceValues Validated()
    {
        if (SchemaVersion != CurrentSchema)
        {
            throw new AttestationException($"{What}: schema version {SchemaVersion} is not known", $"write version {CurrentSchema}");
        }

        // Without both, another TVM than the expected one would be accepted.
        if (!Names(RegisterLayout.TvmPages) || !Names(RegisterLayout.TvmConfiguration))
        {
            throw new AttestationException(
                $"{What}: tvm.initial lacks register {RegisterLayout.TvmPages} or {RegisterLayout.TvmConfiguration}", "covejit measure computes them");
        }

        ParseRoots();
        return this;
    }

    private bool Names(int index) => Tvm.Initial.Any(register => register.Index == index);
}
