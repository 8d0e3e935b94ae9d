using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads <c>--drive FILE[,ro]</c> and QEMU's <c>file=FILE,readonly=on,if=virtio,format=raw</c>.</summary>
internal static class DriveParser
{
    private const string Option = "--drive";

    public static DriveOptions Parse(string text)
    {
        string? path = null;
        bool readOnly = false;
        DriveFormat format = DriveFormat.Detect;
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
                    format = value switch
                    {
                        "raw" => DriveFormat.Raw,
                        "qcow2" => DriveFormat.Qcow2,
                        _ => throw new UsageException($"{Option}: format={value} is not supported", "give a raw or a qcow2 image"),
                    };
                    break;
                case "if" when value is not ("virtio" or "none"):
                    throw new UsageException($"{Option}: if={value} is not supported", "drives are VirtIO block devices: write if=virtio or leave it out");
                case "if" or "id" or "media" when value is not null:
                    // Names and the only possible values: nothing to do.
                    break;
                case "" when first:
                    break;
                default:
                    // A path may itself hold an equals sign: the first part is a path unless it is a known key.
                    if (!first)
                    {
                        string part = value is null ? key : $"{key}={value}";
                        throw new UsageException($"{Option}: '{part}' is not understood", "write FILE[,ro][,format=raw|qcow2]");
                    }

                    path = value is null ? key : $"{key}={value}";
                    break;
            }

            first = false;
        }

        return string.IsNullOrEmpty(path)
            ? throw new UsageException($"{Option} names no file", "write --drive FILE[,ro]")
            : new DriveOptions(path, readOnly, format);
    }
}
