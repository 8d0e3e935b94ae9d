using System.Security.Cryptography;
using System.Text;

namespace CoveJit.Guests;

/// <summary>Which of the sources in <c>guest</c> a kind of guest has programs of, so that one made of others is recognised.</summary>
public static class GuestSources
{
    /// <summary>
    /// Digest of a kind's sources, lower-case hexadecimal: of what was made of others, <see cref="GuestDescription.Sources"/> differs. Null for kinds
    /// whose programs are Debian's.
    /// </summary>
    public static string? DigestOf(GuestKind kind) => kind switch
    {
        GuestKind.Vmm => Digest("shim/", "vmm/"),
        GuestKind.Bench => Digest("bench/", "io/"),
        _ => null,
    };

    private static string Digest(params IEnumerable<string> directories)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in directories.SelectMany(InitramfsBuilder.ResourceNames))
        {
            byte[] content = InitramfsBuilder.Resource(name);
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {content.Length}\n"));
            hash.AppendData(content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
