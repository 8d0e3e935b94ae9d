using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>
/// Reads <c>--nvme FILE[,ro][,format=raw|qcow2][,errors=N][,namespace=FILE[,ro]]...</c>: a controller with a namespace for each file. What
/// follows a file is said of it, as in <c>--drive</c>; but what is said of a PCIe function (<see cref="FunctionParser"/>) is said of the controller.
/// </summary>
internal static class NvmeParser
{
    private const string Option = "--nvme";
    private const int MostNamespaces = 256;

    public static IReadOnlyList<DriveOptions> Parse(string text)
    {
        List<DriveOptions> drives = [];
        FunctionOptions function = FunctionOptions.Plain;
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
                case "errors" when !first:
                    drives[^1] = drives[^1] with { ErrorPeriod = DriveParser.ParseErrors(Option, value) };
                    break;
                case not "" when !first && FunctionParser.TryParse(Option, key, value, function) is { } said:
                    function = said;
                    break;
                case not "" when first:
                    drives.Add(new DriveOptions(value is null ? key : $"{key}={value}"));
                    break;
                default:
                    throw new UsageException($"{Option}: '{(value is null ? key : $"{key}={value}")}' is not understood", $"write FILE[,ro][,errors=N]{FunctionParser.Form}[,namespace=FILE[,ro]]...");
            }
        }

        FunctionParser.Check(Option, function);
        drives[0] = drives[0] with { Function = function };
        return drives.Count <= MostNamespaces ? drives : throw new UsageException($"{Option}: {drives.Count} namespaces are too many", $"give at most {MostNamespaces}");
    }
}
