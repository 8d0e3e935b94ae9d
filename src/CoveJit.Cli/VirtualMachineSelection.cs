using CoveJit.Cli.Parsing;
using CoveJit.Devices.Pcie;
using CoveJit.Guests;
using CoveJit.Isa;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Cli;

/// <summary>Turns a machine that would boot a guest into one that boots the hypervisor, with the guest in its virtual machines.</summary>
internal static class VirtualMachineSelection
{
    // Follows the name of a function that a virtual machine may do without.
    private const string Optional = ":optional";

    // What the hypervisor itself and the files in memory want beside the virtual machines.
    private const ulong Overhead = 256UL << 20;

    // What a confidential one shares with it, beside its RAM.
    private const ulong Window = 66UL << 20;

    // The root of its page table and the state of its virtual harts.
    private const ulong Tables = 1UL << 20;

    /// <summary>Moves the kernel, the initrd and the command line to each virtual machine that has none of its own; the machine's kernel becomes the hypervisor.</summary>
    /// <param name="options">The machine with the guest.</param>
    /// <param name="requests">The virtual machines asked for.</param>
    /// <param name="hypervisor">Path of the hypervisor, or null for the one that <c>covejit guest build vmm</c> made.</param>
    /// <param name="choosesMemory">Whether the machine's memory is to be made large enough; otherwise it is what the user asked for.</param>
    /// <exception cref="UsageException">The machine cannot run virtual machines.</exception>
    /// <exception cref="LoadException">The hypervisor is not built, or not from the sources of this version.</exception>
    public static MachineOptions Add(MachineOptions options, IReadOnlyList<VirtualMachineRequest> requests, string? hypervisor, bool choosesMemory)
    {
        if (requests.Count > VirtualMachineOptions.Most)
        {
            throw new UsageException($"{requests.Count} --vm options are too many", $"give at most {VirtualMachineOptions.Most}");
        }

        if (options.HtifProgram is not null)
        {
            throw new UsageException("--htif runs one bare-metal program alone", "leave --vm out");
        }

        if (!options.Extensions.Has(Extension.H))
        {
            throw new UsageException("--vm needs harts with the hypervisor extension", "leave --cpu out");
        }

        if (options.Interrupts != InterruptArchitecture.Imsic || options.GuestInterruptFiles == 0)
        {
            throw new UsageException("--vm needs IMSICs with guest interrupt files", "leave --aia out");
        }

        bool isConfidential = requests.Any(request => request.Kind == VirtualMachineKind.Confidential);
        if (isConfidential && options.Tsm == CoveProfile.Salus)
        {
            throw new UsageException("--vm confidential is for the functions as the specification numbers them", "leave --cove-abi out");
        }

        string kernel = hypervisor ?? GuestSelection.Current(GuestKind.Vmm).Kernel;
        VirtualMachineOptions[] machines = [.. requests.Select(request => Complete(request, options, kernel))];
        CheckFunctions(machines, options);
        ulong wanted = MemoryFor(machines, isConfidential && options.TsmModel == TsmModel.Static);
        return options with
        {
            Kernel = kernel,
            Initrd = null,
            Append = null,
            VirtualMachines = machines,
            Tsm = isConfidential ? CoveProfile.Current : options.Tsm,
            Drives = [.. options.Drives, .. requests.SelectMany((request, i) => request.Drives.Select(path => new DriveOptions(path, false, DriveFormat.Detect) { VirtualMachine = i }))],
            MemorySize = choosesMemory ? Math.Max(options.MemorySize, wanted) : options.MemorySize,
        };
    }

    private static ulong MemoryFor(VirtualMachineOptions[] machines, bool isStatic)
    {
        VirtualMachineOptions[] confidential = [.. machines.Where(machine => machine.Kind == VirtualMachineKind.Confidential)];
        ulong all = machines.Aggregate(Overhead, (sum, machine) => sum + machine.MemorySize) + ((ulong)confidential.Length * Window);
        if (!isStatic)
        {
            return all;
        }

        // A quarter of the machine's memory is confidential, and all of these have to fit into it with their page tables, which are of small pages.
        ulong secret = confidential.Aggregate(0UL, (sum, machine) => sum + machine.MemorySize + (machine.MemorySize >> 8) + Tables);
        return Math.Max(4 * secret, all);
    }

    private static VirtualMachineOptions Complete(VirtualMachineRequest request, MachineOptions guest, string hypervisor)
    {
        if ((request.Kernel ?? guest.Kernel) is not { } kernel)
        {
            throw new UsageException("--vm has no kernel", "give --kernel, or --vm ...,kernel=FILE");
        }

        VirtualMachineOptions machine = new(kernel)
        {
            Kind = request.Kind,
            Initrd = request.Initrd ?? (request.Kernel is null ? guest.Initrd : null),
            Append = request.Append ?? guest.Append,
            RamDisks = request.RamDisks,
            Functions = [.. request.Devices.Select(name => Resolve(name, guest))],
            OptionalFunctions = [.. request.Devices.Where(IsOptional).Select(name => Resolve(name, guest))],
            Tamper = request.Tamper,
            Balloon = request.Balloon,
            ReportsFreePages = request.ReportsFreePages,
            Shim = request.Kind == VirtualMachineKind.Confidential ? request.Shim ?? Path.Combine(Path.GetDirectoryName(hypervisor)!, VmmBuilder.ShimName) : null,
        };
        machine = machine with { MemorySize = request.MemorySize ?? machine.MemorySize, Harts = request.Harts ?? machine.Harts };
        if (machine.Balloon.Any(step => step.Size > machine.MemorySize))
        {
            throw new UsageException($"--vm balloon=: there are {machine.MemorySize >> 20} MiB to be taken, not more", "give a smaller balloon, or more memory=");
        }

        int files = 1 + (machine.Initrd is null ? 0 : 1) + (machine.Shim is null ? 0 : 1) + machine.RamDisks.Count;
        return files <= VirtualMachineOptions.MostFiles
            ? machine
            : throw new UsageException($"--vm: {machine.RamDisks.Count} RAM disks are too many", $"a virtual machine has at most {VirtualMachineOptions.MostFiles} files");
    }

    private static bool IsOptional(string device) => device.EndsWith(Optional, StringComparison.Ordinal);

    private static RequesterId Resolve(string device, MachineOptions guest) =>
        PcieFunctionName.Resolve(IsOptional(device) ? device[..^Optional.Length] : device, guest);

    private static void CheckFunctions(IReadOnlyList<VirtualMachineOptions> machines, MachineOptions options)
    {
        RequesterId[] functions = [.. machines.SelectMany(machine => machine.Functions)];
        if (machines.Any(machine => machine.Functions.Count > 0 && machine.Kind == VirtualMachineKind.Plain) && !options.Iommu)
        {
            throw new UsageException("--vm device= needs an IOMMU, which keeps the function from other memory than the virtual machine's", "add --iommu on");
        }

        if (functions.GroupBy(function => function).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new UsageException($"--vm: the PCIe function {twice.Key} can have one owner only", "leave one device= out");
        }

        if (machines.Any(machine => machine.Functions.Count > VirtualMachineOptions.MostFunctions))
        {
            throw new UsageException("--vm: too many device= for a virtual machine", $"give at most {VirtualMachineOptions.MostFunctions}");
        }
    }
}
