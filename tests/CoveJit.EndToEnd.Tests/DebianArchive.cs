using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace CoveJit.EndToEnd.Tests;

/// <summary>A flat Debian archive of one package, as apt fetches it.</summary>
internal static class DebianArchive
{
    /// <summary>Makes the archive: paths and contents.</summary>
    /// <param name="package">Name of the package.</param>
    /// <param name="path">The file in it.</param>
    /// <param name="content">Content of that file.</param>
    public static Dictionary<string, byte[]> Of(string package, string path, byte[] content)
    {
        string control = $"Package: {package}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: test package\n";
        byte[] deb = Ar(
            ("debian-binary", "2.0\n"u8.ToArray()),
            ("control.tar.gz", Tar("./control", Encoding.ASCII.GetBytes(control))),
            ("data.tar.gz", Tar("." + path, content)));
        string index = string.Create(
            CultureInfo.InvariantCulture,
            $"{control}Filename: ./{package}.deb\nSize: {deb.Length}\nSHA256: {Convert.ToHexStringLower(SHA256.HashData(deb))}\n\n");
        return new() { ["/./Packages"] = Encoding.ASCII.GetBytes(index), [$"/./{package}.deb"] = deb };
    }

    // ar(5): a magic line, then 60 bytes of text before each member, which begins at an even offset.
    private static byte[] Ar(params (string Name, byte[] Content)[] members)
    {
        using MemoryStream ar = new();
        ar.Write("!<arch>\n"u8);
        foreach ((string name, byte[] content) in members)
        {
            ar.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name,-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{content.Length,-10}`\n")));
            ar.Write(content);
            if (content.Length % 2 != 0)
            {
                ar.WriteByte((byte)'\n');
            }
        }

        return ar.ToArray();
    }

    private static byte[] Tar(string path, byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (TarWriter tar = new(gzip, TarEntryFormat.Gnu))
        {
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content) });
        }

        return packed.ToArray();
    }
}
