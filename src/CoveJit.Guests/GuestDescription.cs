using System.Text.Json;

namespace CoveJit.Guests;

/// <summary>The file <c>NAME.json</c>: what a machine needs in order to start a guest.</summary>
public sealed record GuestDescription
{
    /// <summary>Version of this file's layout.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Name of the guest, for example <c>default</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Kernel file; relative to the description's directory inside the file, absolute after <see cref="Load"/>.</summary>
    public required string Kernel { get; init; }

    /// <summary>Initial RAM file system, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>Raw disk image for the first VirtIO block device, or null.</summary>
    public string? Disk { get; init; }

    /// <summary>Kernel command line the guest wants, without a <c>console=</c> argument.</summary>
    public required string Append { get; init; }

    /// <summary>Line the guest prints on its console once it is up.</summary>
    public required string ReadyMarker { get; init; }

    /// <summary>Manifest of the packages the guest is made of, or null if it is made of none.</summary>
    public string? Manifest { get; init; }

    /// <summary>For what is compiled from sources that come with CoveJit: their digest, by which an outdated one is recognised.</summary>
    public string? Sources { get; init; }

    /// <summary>Reads a description and makes its paths absolute.</summary>
    /// <param name="path">The description file.</param>
    /// <exception cref="GuestBuildException">There is no such file, or it is not a description.</exception>
    public static GuestDescription Load(string path)
    {
        const string Mend = "make the guest with `covejit guest build`";
        GuestDescription? read;
        try
        {
            read = JsonSerializer.Deserialize(File.ReadAllText(path), GuestJson.Default.GuestDescription);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GuestBuildException($"there is no guest at {path}", Mend, e);
        }
        catch (JsonException e)
        {
            throw new GuestBuildException($"{path} is not a guest description", Mend, e);
        }

        if (read is null || read.Schema != 1)
        {
            throw new GuestBuildException($"{path} was made by another version", Mend);
        }

        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return read with
        {
            Kernel = Path.Combine(directory, read.Kernel),
            Initrd = read.Initrd is null ? null : Path.Combine(directory, read.Initrd),
            Disk = read.Disk is null ? null : Path.Combine(directory, read.Disk),
            Manifest = read.Manifest is null ? null : Path.Combine(directory, read.Manifest),
        };
    }
}
