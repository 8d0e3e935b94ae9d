using System.Text;
using System.Text.Json.Serialization;

namespace CoveJit.Attestation.Launch;

/// <summary>
/// A launch plan as a JSON file. A region takes its content from a file beside the plan, from an input that the user names, or from
/// the plan itself, so that one plan describes the layout of many TVMs.
/// </summary>
/// <param name="SchemaVersion">1.</param>
/// <param name="EntryPc">Where the boot vCPU starts.</param>
/// <param name="EntryArgument">What it finds in a1.</param>
/// <param name="Vcpus">The vCPUs.</param>
/// <param name="Regions">Measured memory, in order.</param>
/// <param name="BootState">Registers of the boot vCPU of a TVM that is promoted (<see cref="LaunchPlan.BootState"/>).</param>
public sealed record LaunchPlanFile(
    int SchemaVersion,
    [property: JsonConverter(typeof(AddressConverter))] ulong EntryPc,
    [property: JsonConverter(typeof(AddressConverter))] ulong EntryArgument,
    IReadOnlyList<ulong> Vcpus,
    IReadOnlyList<LaunchPlanFile.Region> Regions,
    IReadOnlyList<ulong>? BootState = null)
{
    /// <summary>The version of the format.</summary>
    public const int CurrentSchema = 1;

    private const string What = "launch plan";
    private const int MaxContent = 1 << 30;
    private const string Format = "docs/attestation.md has the format";

    /// <summary>Reads a file and everything that it names.</summary>
    /// <param name="path">The plan.</param>
    /// <param name="inputs">Contents of the inputs that the user gave, by name.</param>
    /// <exception cref="AttestationException">It cannot be read, is no plan, or needs an input that was not given.</exception>
    public static LaunchPlan Load(string path, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
    {
        LaunchPlanFile file = AttestationJson.Load<LaunchPlanFile>(path, What);
        if (file.SchemaVersion != CurrentSchema)
        {
            throw new AttestationException($"{What} {path} has schema version {file.SchemaVersion}", $"write version {CurrentSchema}");
        }

        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<LaunchRegion> regions = [];
        foreach (Region region in file.Regions)
        {
            ReadOnlyMemory<byte> content = region.ReadContent(directory, inputs);
            LaunchRegion natural = LaunchRegion.Of(region.Gpa, content, region.PageType);
            regions.Add(region.Size is { } size ? natural with { Size = size } : natural);
        }

        // An input that changes nothing was given by mistake, and the reference values would not be what the user believes.
        if (inputs.Keys.FirstOrDefault(input => !file.Regions.Any(region => region.Input == input)) is { } unused)
        {
            throw new AttestationException($"{What} {path} has no place for the input '{unused}'", $"leave --{unused} out, or name it as a region's input");
        }

        return new LaunchPlan(file.EntryPc, file.EntryArgument, file.Vcpus, regions, file.BootState).Validated();
    }

    /// <summary>The plan as JSON that stands by itself, with contents in hexadecimal.</summary>
    public static string Write(LaunchPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return AttestationJson.Write(new LaunchPlanFile(
            CurrentSchema,
            plan.EntryPc,
            plan.EntryArgument,
            plan.VcpuIds,
            [.. plan.Regions.Select(region => new Region(region.Gpa, region.PageType, region.Size, Hex: region.Content.ToArray()))],
            plan.BootState));
    }

    /// <summary>A region in the file. Exactly one of the last four members is given.</summary>
    /// <param name="Gpa">Guest physical address.</param>
    /// <param name="PageType">Size of its mappings.</param>
    /// <param name="Size">Bytes of memory; what the content needs, if it is left out.</param>
    /// <param name="File">Content: a file, its path relative to the plan.</param>
    /// <param name="Input">Content: an input that the user names, such as <c>kernel</c>.</param>
    /// <param name="Hex">Content: bytes in hexadecimal.</param>
    /// <param name="Text">Content: a text in UTF-8 and a zero byte after it.</param>
    public sealed record Region(
        [property: JsonConverter(typeof(AddressConverter))] ulong Gpa,
        LaunchPageType PageType = LaunchPageType.Page4K,
        [property: JsonConverter(typeof(AddressConverter))] ulong? Size = null,
        string? File = null,
        string? Input = null,
        byte[]? Hex = null,
        string? Text = null)
    {
        internal ReadOnlyMemory<byte> ReadContent(string directory, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
        {
            int sources = (File is null ? 0 : 1) + (Input is null ? 0 : 1) + (Hex is null ? 0 : 1) + (Text is null ? 0 : 1);
            if (sources != 1)
            {
                throw new AttestationException($"{What}: a region has {sources} of file, input, hex and text instead of one", Format);
            }

            return this switch
            {
                { Hex: { } hex } => hex,
                { Text: { } text } => TextContent(text),
                { File: { } file } => HostFiles.Read(Path.Combine(directory, file), "measured file", MaxContent),
                _ => inputs.TryGetValue(Input!, out ReadOnlyMemory<byte> input)
                    ? input
                    : throw new AttestationException($"{What}: the input '{Input}' is not given", $"add --{Input}"),
            };
        }
    }

    /// <summary>A text as a plan's <c>text</c> and the command line become content: UTF-8 with a zero byte after it.</summary>
    public static byte[] TextContent(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    /// <summary>Reads the file of an input.</summary>
    /// <exception cref="AttestationException">It cannot be read.</exception>
    public static byte[] ReadInput(string name, string path) => HostFiles.Read(path, $"--{name}", MaxContent);
}
