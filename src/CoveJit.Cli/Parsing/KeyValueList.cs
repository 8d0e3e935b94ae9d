using System.Text;

namespace CoveJit.Cli.Parsing;

/// <summary>QEMU's option syntax: <c>first,key=value,flag</c>, where a doubled comma stands for a comma in a value.</summary>
internal static class KeyValueList
{
    /// <summary>Splits the text; a part without an equals sign has a null value.</summary>
    public static List<(string Key, string? Value)> Parse(string text)
    {
        List<(string, string?)> parts = [];
        StringBuilder part = new();
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                string whole = part.ToString();
                int equals = whole.IndexOf('=', StringComparison.Ordinal);
                parts.Add(equals < 0 ? (whole, null) : (whole[..equals], whole[(equals + 1)..]));
                part.Clear();
            }
        }

        return parts;
    }

    /// <summary>A switch: <c>on</c>, <c>off</c>, or the bare key.</summary>
    public static bool Switch(string option, string key, string? value) => value switch
    {
        null or "on" or "yes" or "true" => true,
        "off" or "no" or "false" => false,
        _ => throw new UsageException($"{option}: {key}={value} is neither on nor off", $"write {key}=on or {key}=off"),
    };
}
