using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads <c>--accelerator matrix</c>, and what can be said of any PCIe function.</summary>
internal static class AcceleratorParser
{
    private const string Option = "--accelerator";

    public static AcceleratorOptions Parse(string text)
    {
        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        if (parts[0] != ("matrix", null))
        {
            throw new UsageException($"{Option} {text} is not known", $"write {Option} matrix{FunctionParser.Form}");
        }

        FunctionOptions function = FunctionOptions.Plain;
        foreach ((string key, string? value) in parts.Skip(1))
        {
            function = FunctionParser.TryParse(Option, key, value, function)
                ?? throw new UsageException($"{Option}: '{key}' is not understood", $"write matrix{FunctionParser.Form}");
        }

        FunctionParser.Check(Option, function);
        return new AcceleratorOptions(function);
    }
}
