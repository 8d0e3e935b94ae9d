using CoveJit.Cli.Parsing;
using CoveJit.Guests;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli;

/// <summary>Fills a machine's options from a guest that <c>covejit guest build</c> made.</summary>
internal static class GuestSelection
{
    private const string None = "none";

    /// <summary>The guest that is booted when none is named.</summary>
    public static string Default => GuestBuilder.NameOf(GuestKind.Initramfs);

    /// <summary>Adds the guest that was named; where none was, the default guest unless there is something else to start.</summary>
    /// <exception cref="LoadException">There is no such guest.</exception>
    /// <exception cref="UsageException">A guest is named where none can be used.</exception>
    public static MachineOptions Select(MachineOptions options, string? name)
    {
        if (options.HtifProgram is not null)
        {
            return name is null ? options : throw new UsageException("--htif runs one bare-metal program alone", "leave --guest out");
        }

        bool firmwareAlone = options.Firmware is not null && !File.Exists(DescriptionOf(Default));
        return name switch
        {
            None when options.Kernel is null && options.Firmware is null => throw new UsageException("--guest none leaves nothing to start", "give --kernel or --bios"),
            None => options,
            null when options.Kernel is not null || firmwareAlone => options,
            _ => Apply(options, name ?? Default),
        };
    }

    private static string DescriptionOf(string name) => Path.Combine(GuestBuilderOptions.DefaultOutputDirectory, name + ".json");

    /// <summary>Adds a guest's files: its disk becomes the first drive, written to; what the user gave himself takes precedence.</summary>
    /// <param name="options">What the user asked for.</param>
    /// <param name="name">A guest's name, or the path of its description, which ends in <c>.json</c>.</param>
    /// <exception cref="LoadException">There is no such guest.</exception>
    internal static MachineOptions Apply(MachineOptions options, string name)
    {
        bool isPath = name.EndsWith(".json", StringComparison.Ordinal);
        string path = isPath ? name : DescriptionOf(name);
        if (!File.Exists(path))
        {
            throw isPath
                ? new LoadException($"--guest {name} does not exist", "check the path")
                : Missing(name);
        }

        GuestDescription guest = Load(path);

        // The kernel takes the last of two contradicting arguments: the user's.
        string append = $"{guest.Append} {options.Append}".Trim();
        return options with
        {
            Kernel = options.Kernel ?? guest.Kernel,
            Initrd = options.Initrd ?? guest.Initrd,
            Append = append.Length == 0 ? null : append,
            Drives = guest.Disk is null ? options.Drives : [new DriveOptions(guest.Disk, ReadOnly: false, DriveFormat.Raw), .. options.Drives],
        };
    }

    /// <summary>The guest that was made of a kind, by this version's sources.</summary>
    /// <exception cref="LoadException">There is none, or it was made of others.</exception>
    internal static GuestDescription Current(GuestKind kind)
    {
        string name = GuestBuilder.NameOf(kind);
        string path = DescriptionOf(name);
        string what = kind == GuestKind.Vmm ? "the hypervisor for --vm" : $"the guest {name}";
        string mend = $"make it with 'covejit guest build {name}'";
        if (!File.Exists(path))
        {
            throw new LoadException($"{what} is not built yet", mend);
        }

        GuestDescription guest = Load(path);
        return guest.Sources == GuestSources.DigestOf(kind) ? guest : throw new LoadException($"{what} was built from other sources than this version's", mend);
    }

    private static GuestDescription Load(string path)
    {
        try
        {
            return GuestDescription.Load(path);
        }
        catch (GuestBuildException e)
        {
            throw new LoadException(e.Cause, e.Mend, e);
        }
    }

    private static LoadException Missing(string name)
    {
        string[] made = Directory.Exists(GuestBuilderOptions.DefaultOutputDirectory)
            ? [.. Directory.GetFiles(GuestBuilderOptions.DefaultOutputDirectory, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)]
            : [];
        if (name == Default)
        {
            return new LoadException("there is no default guest yet", "make it with 'covejit guest build', or give --kernel");
        }

        return Enum.GetValues<GuestKind>().Any(kind => GuestBuilder.NameOf(kind) == name)
            ? new LoadException($"the guest {name} is not built yet", $"make it with 'covejit guest build {name}'")
            : new LoadException($"--guest {name} is not known", made.Length == 0 ? "make one with 'covejit guest build'" : $"give one of {string.Join(", ", made)}");
    }
}
