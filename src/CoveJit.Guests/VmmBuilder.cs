using System.Security.Cryptography;
using System.Text;

namespace CoveJit.Guests;

/// <summary>Compiles the hypervisor of <c>guest/vmm</c>: freestanding, by Debian's cross compiler, of which it needs no library.</summary>
public static class VmmBuilder
{
    private const string Prefix = "vmm/";

    /// <summary>Digest of the sources, lower-case hexadecimal: of what was compiled from others, <see cref="GuestDescription.Sources"/> differs.</summary>
    public static string SourcesDigest
    {
        get
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (string name in InitramfsBuilder.ResourceNames(Prefix))
            {
                byte[] content = InitramfsBuilder.Resource(name);
                hash.AppendData(Encoding.UTF8.GetBytes($"{name} {content.Length}\n"));
                hash.AppendData(content);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Compiles it.</summary>
    /// <param name="work">Directory to compile in.</param>
    /// <param name="output">The ELF file to make.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    internal static Task CompileAsync(string work, string output, CancellationToken cancellation) =>
        FreestandingProgram.CompileAsync("the hypervisor", Prefix, work, output, [], cancellation);
}
