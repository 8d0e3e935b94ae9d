using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Pcie;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Board;

/// <summary>The node <c>/chosen/virtual-machines</c>, which tells a hypervisor what to run (guest/vmm/README.md describes it).</summary>
internal static class VirtualMachinesNode
{
    /// <summary>Adds the node.</summary>
    /// <param name="chosen">The <c>/chosen</c> node.</param>
    /// <param name="machines">The virtual machines, each with its files in memory.</param>
    /// <param name="noReboot">Whether one that resets has ended.</param>
    /// <param name="policies">What a confidential one is to find of the functions that are TEE device interfaces.</param>
    /// <exception cref="LoadException">A confidential one is to have a function that is none.</exception>
    public static void Describe(
        DeviceTreeNode chosen,
        IReadOnlyList<(VirtualMachineOptions Options, IReadOnlyList<Module> Modules)> machines,
        bool noReboot,
        IReadOnlyDictionary<RequesterId, byte[]> policies)
    {
        DeviceTreeNode list = chosen.AddChild("virtual-machines");
        if (noReboot)
        {
            list.Set("covejit,no-reboot");
        }

        for (int i = 0; i < machines.Count; i++)
        {
            (VirtualMachineOptions options, IReadOnlyList<Module> modules) = machines[i];
            DeviceTreeNode node = list.AddChild(string.Create(CultureInfo.InvariantCulture, $"vm@{i}"))
                .SetCells("#address-cells", 2)
                .SetCells("#size-cells", 2)
                .Set("compatible", "covejit,vm")
                .Set("covejit,kind", Name(options.Kind))
                .SetPairs("covejit,memory", options.MemorySize)
                .SetCells("covejit,vcpus", (uint)options.Harts);
            if (!string.IsNullOrEmpty(options.Append))
            {
                node.Set("bootargs", options.Append);
            }

            if (options.Functions.Count > 0)
            {
                node.SetCells("covejit,functions", [.. options.Functions.Select(function => (uint)function.Value)]);
                node.SetCells("covejit,functions-optional", [.. options.Functions.Select(function => options.OptionalFunctions.Contains(function) ? 1u : 0u)]);
                if (options.Kind == VirtualMachineKind.Confidential)
                {
                    node.Set("covejit,function-policies", [.. options.Functions.SelectMany(function => policies.GetValueOrDefault(function)
                        ?? throw new LoadException($"a confidential virtual machine is to have the PCIe function {function}, which is no TEE device interface", "add tee to the device, for example --nvme F,tee"))]);
                }
            }

            if (options.Balloon.Count > 0)
            {
                node.SetCells("covejit,balloon", [.. options.Balloon.SelectMany(step => new[] { (uint)(step.Size >> 32), (uint)step.Size, step.Seconds })]);
                if (options.ReportsFreePages)
                {
                    node.Set("covejit,balloon-reports");
                }
            }

            if (options.Tamper is { } tamper)
            {
                node.Set("covejit,tamper", tamper);
            }

            if (options.Kind == VirtualMachineKind.Confidential)
            {
                node.Set("covejit,bootargs-sha384", SHA384.HashData(Encoding.UTF8.GetBytes(options.Append ?? string.Empty)));
            }

            foreach (Module module in modules)
            {
                string role = Name(module.Role);
                DeviceTreeNode file = node.AddChild($"{role}@{module.Range.Start:x}")
                    .Set("compatible", "covejit,module")
                    .Set("covejit,role", role)
                    .SetPairs("reg", module.Range.Start, module.Range.Size);
                if (module.Sha384 is { } digest)
                {
                    file.Set("covejit,sha384", Convert.FromHexString(digest));
                }
            }
        }
    }

#pragma warning disable CA1308 // Device trees are in lower case.
    private static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
