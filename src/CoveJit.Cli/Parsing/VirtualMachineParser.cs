using System.Globalization;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads <c>--vm KIND[,memory=SIZE][,vcpus=N][,kernel=F][,initrd=F][,drive=F]...[,ramdisk=F]...[,device=NAME]...[,balloon=SIZE[@S][:SIZE@S]...[,reporting]][,append=S][,shim=F][,tamper=kernel|initrd|append|device|interface]</c>.</summary>
internal static class VirtualMachineParser
{
    private const string Form = "write --vm plain or --vm confidential, then [,memory=SIZE][,vcpus=N][,kernel=F][,initrd=F][,drive=F]...[,ramdisk=F]...[,device=nvme|accelerator|BUS:00.0[:optional]]...[,balloon=SIZE[@SECONDS][:SIZE@SECONDS]...[,reporting]][,append=S], and for confidential ones [,shim=F][,tamper=kernel|initrd|append|device|interface]";
    private const ulong LeastMemory = 32UL << 20;

    public static VirtualMachineRequest Parse(string text)
    {
        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        VirtualMachineRequest request = new(parts[0] switch
        {
            ("plain", null) => VirtualMachineKind.Plain,
            ("confidential", null) => VirtualMachineKind.Confidential,
            _ => throw new UsageException($"--vm {text} begins with no kind of virtual machine", Form),
        });
        foreach ((string key, string? value) in parts.Skip(1))
        {
            request = key switch
            {
                "memory" when value is not null => request with { MemorySize = ParseMemory(value) },
                "vcpus" when value is not null => request with { Harts = ParseHarts(value) },
                "kernel" when value is not null => request with { Kernel = value },
                "initrd" when value is not null => request with { Initrd = value },
                "shim" when value is not null && request.Kind == VirtualMachineKind.Confidential => request with { Shim = value },
                "tamper" when value is "kernel" or "initrd" or "append" or "device" or "interface" && request.Kind == VirtualMachineKind.Confidential => request with { Tamper = value },
                "append" when value is not null => request with { Append = value },
                "drive" when value is not null => request with { Drives = [.. request.Drives, value] },
                "device" when !string.IsNullOrEmpty(value) => request with { Devices = [.. request.Devices, value] },
                "balloon" when value is not null => request with { Balloon = ParseBalloon(value) },
                "reporting" when value is null && request.Kind == VirtualMachineKind.Plain => request with { ReportsFreePages = true },
                "reporting" when value is null => throw new UsageException(
                    "--vm confidential,reporting: the host can take nothing from a TVM that it has not shared, and a stock kernel's free pages are not", "leave reporting out"),
                "ramdisk" when value is not null => request with { RamDisks = [.. request.RamDisks, value] },
                _ => throw new UsageException($"--vm: '{(value is null ? key : $"{key}={value}")}' is not understood", Form),
            };
        }

        if (request.ReportsFreePages && request.Balloon.Count == 0)
        {
            throw new UsageException("--vm reporting: free pages are reported to a balloon, and there is none", "add balloon=SIZE, for example balloon=0");
        }

        return request.Balloon.Count == 0 || request.Devices.Count == 0
            ? request
            : throw new UsageException("--vm: balloon= and device= exclude each other, as a function may reach any page of the virtual machine at any time", "leave one of them out");
    }

    // A size for each time at which it changes, in order.
    private static List<BalloonStep> ParseBalloon(string text)
    {
        const ulong PlainUnit = 1UL << 20;
        const ulong PageSize = 4096;
        List<BalloonStep> steps = [];
        foreach (string part in text.Split(':'))
        {
            string[] halves = part.Split('@');
            uint seconds = 0;
            if (halves.Length > 2 || !ByteSize.TryParse(halves[0], PlainUnit, out ulong size) || size % PageSize != 0
                || (halves.Length == 2 && !uint.TryParse(halves[1], NumberStyles.None, CultureInfo.InvariantCulture, out seconds))
                || (steps.Count > 0 && seconds <= steps[^1].Seconds) || steps.Count == VirtualMachineOptions.MostBalloonSteps)
            {
                throw new UsageException(
                    $"--vm balloon={text} does not say what a balloon is to hold",
                    $"give a size, whole pages, and if it is to change, 1 to {VirtualMachineOptions.MostBalloonSteps} sizes with the seconds after the start from which each holds, in order: 64M, 64M@5, 64M@5:0@20");
            }

            steps.Add(new BalloonStep(size, seconds));
        }

        return steps;
    }

    private static ulong ParseMemory(string text)
    {
        const ulong PlainUnit = 1UL << 20;
        const ulong Granularity = 2UL << 20;
        return ByteSize.TryParse(text, PlainUnit, out ulong bytes) && bytes is >= LeastMemory and <= MachineOptions.MostMemory && bytes % Granularity == 0
            ? bytes
            : throw new UsageException($"--vm memory={text} is not a size for a virtual machine", "give an even number of MiB, 32 or more, for example 256M");
    }

    private static int ParseHarts(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int harts) && harts is >= 1 and <= VirtualMachineOptions.MostHarts
            ? harts
            : throw new UsageException($"--vm vcpus={text} is not a number of virtual harts", $"give 1 to {VirtualMachineOptions.MostHarts}");
}
