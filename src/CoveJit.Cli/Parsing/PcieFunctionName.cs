using System.Globalization;
using CoveJit.Devices.Pcie;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>How the command line names one of a machine's PCIe functions: <c>nvme</c>, <c>nvme1</c>, <c>accelerator</c>, or <c>02:00.0</c>.</summary>
internal static class PcieFunctionName
{
    private const string Nvme = "nvme";
    private const string Accelerator = "accelerator";
    private const int MostBuses = 32;

    /// <summary>Finds a function.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="options">The machine: each function is behind a root port, and each port's bus has the port's number.</param>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static RequesterId Resolve(string name, MachineOptions options)
    {
        int nvme = options.NvmeControllers.Count;
        int ports = nvme + options.MatrixEngines.Count + options.Drives.Count(drive => drive.Pcie) + (options.Network.Pcie ? 1 : 0);
        int? port = Number(name, Nvme, nvme) ?? (nvme + Number(name, Accelerator, options.MatrixEngines.Count)) ?? Port(name);
        return port < ports
            ? new RequesterId(port.Value + 1, 0, 0)
            : throw new UsageException(
                $"--vm device={name}: the machine has no such PCIe function", "name one as nvme, nvme1, accelerator, or 02:00.0 (root port 2), and have it with --nvme, --accelerator or bus=pci");
    }

    // The number after a kind, from 0; none means the first. Null for another kind.
    private static int? Number(string name, string kind, int count)
    {
        string rest = name.StartsWith(kind, StringComparison.Ordinal) ? name[kind.Length..] : "-";
        return rest.Length == 0 ? (count > 0 ? 0 : null) : int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < count ? number : null;
    }

    private static int? Port(string name) =>
        name.EndsWith(":00.0", StringComparison.Ordinal) && int.TryParse(name[..^5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int bus) && bus is >= 1 and < MostBuses
            ? bus - 1
            : null;
}
