using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads <c>--net none</c>, <c>--net user[,hostfwd=tcp:[ADDR]:PORT-[ADDR]:PORT]...</c> and <c>--net tap,ifname=NAME</c>, with <c>,bus=pci</c> for a PCIe function, of which more can be said (<see cref="FunctionParser"/>).</summary>
internal static class NetworkParser
{
    private const string Option = "--net";
    private const string ForwardForm = "write hostfwd=tcp::HOSTPORT-:GUESTPORT";

    public static NetworkOptions Parse(string text)
    {
        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        NetworkKind kind = parts[0] switch
        {
            ("none", null) => NetworkKind.None,
            ("user", null) => NetworkKind.User,
            ("tap", null) => NetworkKind.Tap,
            _ => throw new UsageException($"{Option}: '{text}' is not understood", "write user, tap,ifname=NAME or none"),
        };

        List<HostForward> forwards = [];
        string? tap = null;
        bool pcie = false;
        FunctionOptions function = FunctionOptions.Plain;
        foreach ((string key, string? value) in parts.Skip(1))
        {
            switch (key)
            {
                case "hostfwd" when kind == NetworkKind.User && value is not null:
                    forwards.Add(ParseForward(value));
                    break;
                case "ifname" when kind == NetworkKind.Tap && !string.IsNullOrEmpty(value):
                    tap = value;
                    break;
                case "bus" when kind != NetworkKind.None:
                    pcie = DriveParser.ParseBus(Option, value);
                    break;
                case not "" when kind != NetworkKind.None && FunctionParser.TryParse(Option, key, value, function) is { } said:
                    function = said;
                    break;
                case "script" or "downscript" when kind == NetworkKind.Tap && value == "no":
                case "id" when value is not null:
                    break;
                default:
                    throw new UsageException($"{Option}: '{key}' is not understood with {parts[0].Key}", "write user[,hostfwd=...], tap,ifname=NAME or none");
            }
        }

        FunctionParser.Check(Option, function, pcie);

        return kind == NetworkKind.Tap && tap is null
            ? throw new UsageException($"{Option} tap names no interface", "write --net tap,ifname=NAME")
            : new NetworkOptions(kind, forwards, tap) { Pcie = pcie, Function = function };
    }

    // [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport
    private static HostForward ParseForward(string text)
    {
        string[] halves = text.Split('-');
        string[] host = halves[0].Split(':');
        string[] guest = halves.Length == 2 ? halves[1].Split(':') : [];
        if (host.Length != 3 || guest.Length != 2 || host[0] is not ("tcp" or "udp" or ""))
        {
            throw new UsageException($"{Option}: hostfwd={text} is not understood", ForwardForm);
        }

        return new HostForward(
            host[0] == "udp",
            ParseAddress(text, host[1]) ?? IPAddress.Any,
            ParsePort(text, host[2]),
            ParseAddress(text, guest[0]),
            ParsePort(text, guest[1]));
    }

    private static IPAddress? ParseAddress(string rule, string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        // IPAddress alone would read "1" as 0.0.0.1.
        return text.Count(c => c == '.') == 3 && IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork
            ? address
            : throw new UsageException($"{Option}: hostfwd={rule}: '{text}' is no IPv4 address", ForwardForm);
    }

    private static ushort ParsePort(string rule, string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0
            ? port
            : throw new UsageException($"{Option}: hostfwd={rule}: '{text}' is no port", ForwardForm);
}
