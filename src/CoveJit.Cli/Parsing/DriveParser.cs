using System.Globalization;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads <c>--drive FILE[,ro][,errors=N][,bus=mmio|pci]</c>, what can be said of any PCIe function (<see cref="FunctionParser"/>), and QEMU's <c>file=FILE,readonly=on,if=virtio,format=raw</c>.</summary>
internal static class DriveParser
{
    private const string Option = "--drive";

    public static DriveOptions Parse(string text)
    {
        string? path = null;
        bool readOnly = false;
        DriveFormat format = DriveFormat.Detect;
        bool pcie = false;
        int errors = 0;
        FunctionOptions function = FunctionOptions.Plain;
        bool first = true;
        foreach ((string key, string? value) in KeyValueList.Parse(text))
        {
            switch (key)
            {
                case "file" when value is not null:
                    path = value;
                    break;
                case "ro" or "readonly" or "read-only":
                    readOnly = KeyValueList.Switch(Option, key, value);
                    break;
                case "format":
                    format = ParseFormat(Option, value);
                    break;
                case "errors":
                    errors = ParseErrors(Option, value);
                    break;
                case "bus":
                    pcie = ParseBus(Option, value);
                    break;
                case "if" when value is not ("virtio" or "none"):
                    throw new UsageException($"{Option}: if={value} is not supported", "drives are VirtIO block devices: write if=virtio or leave it out, or give the file to --nvme");
                case "if" or "id" or "media" when value is not null:
                    // Names and the only possible values: nothing to do.
                    break;
                case "" when first:
                    break;
                case not "" when !first && FunctionParser.TryParse(Option, key, value, function) is { } said:
                    function = said;
                    break;
                default:
                    // A path may itself hold an equals sign: the first part is a path unless it is a known key.
                    if (!first)
                    {
                        string part = value is null ? key : $"{key}={value}";
                        throw new UsageException($"{Option}: '{part}' is not understood", $"write FILE[,ro][,format=raw|qcow2][,errors=N][,bus=mmio|pci{FunctionParser.Form}]");
                    }

                    path = value is null ? key : $"{key}={value}";
                    break;
            }

            first = false;
        }

        FunctionParser.Check(Option, function, pcie);

        return string.IsNullOrEmpty(path)
            ? throw new UsageException($"{Option} names no file", "write --drive FILE[,ro]")
            : new DriveOptions(path, readOnly, format) { Pcie = pcie, Function = function, ErrorPeriod = errors };
    }

    /// <summary>An image's format.</summary>
    public static DriveFormat ParseFormat(string option, string? text) => text switch
    {
        "raw" => DriveFormat.Raw,
        "qcow2" => DriveFormat.Qcow2,
        _ => throw new UsageException($"{option}: format={text} is not supported", "give a raw or a qcow2 image"),
    };

    /// <summary>Every how many reads and writes one fails.</summary>
    public static int ParseErrors(string option, string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int period) && period >= 2
            ? period
            : throw new UsageException($"{option}: errors={text} is not understood", "write errors=N to have every Nth read or write fail, N at least 2");

    /// <summary>Whether a VirtIO device is a PCIe function.</summary>
    public static bool ParseBus(string option, string? text) => text switch
    {
        "mmio" => false,
        "pci" => true,
        _ => throw new UsageException($"{option}: bus={text} is not supported", "write bus=mmio or bus=pci"),
    };
}
