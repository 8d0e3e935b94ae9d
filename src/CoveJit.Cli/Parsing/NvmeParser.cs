using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>
/// Reads <c>--nvme FILE[,ro][,format=raw|qcow2][,tee][,namespace=FILE[,ro]]...</c>: a controller with a namespace for each file. What follows a file is said
/// of it, as in <c>--drive</c>; but <c>tee</c> is said of the controller.
/// </summary>
internal static class NvmeParser
{
    private const string Option = "--nvme";
    private const int MostNamespaces = 256;

    public static IReadOnlyList<DriveOptions> Parse(string text)
    {
        List<DriveOptions> drives = [];
        bool tee = false;
        foreach ((string key, string? value) in KeyValueList.Parse(text))
        {
            bool first = drives.Count == 0;
            switch (key)
            {
                case "namespace" or "file" when !string.IsNullOrEmpty(value):
                    drives.Add(new DriveOptions(value));
                    break;
                case "ro" or "readonly" or "read-only" when !first:
                    drives[^1] = drives[^1] with { ReadOnly = KeyValueList.Switch(Option, key, value) };
                    break;
                case "format" when !first:
                    drives[^1] = drives[^1] with { Format = DriveParser.ParseFormat(Option, value) };
                    break;
                case "tee" when !first:
                    tee = KeyValueList.Switch(Option, key, value);
                    break;
                case not "" when first:
                    drives.Add(new DriveOptions(value is null ? key : $"{key}={value}"));
                    break;
                default:
                    throw new UsageException($"{Option}: '{(value is null ? key : $"{key}={value}")}' is not understood", "write FILE[,ro][,tee][,namespace=FILE[,ro]]...");
            }
        }

        if (tee)
        {
            drives[0] = drives[0] with { Tee = true };
        }

        return drives.Count <= MostNamespaces ? drives : throw new UsageException($"{Option}: {drives.Count} namespaces are too many", $"give at most {MostNamespaces}");
    }
}
