using CoveJit.Devices.Accelerators;
using CoveJit.Devices.Nvme;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Virtio;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;

namespace CoveJit.Machines;

// PCIe: a root complex where the options ask for a function, and each function behind a root port of its own.
public sealed partial class Machine
{
    private const int Wires = 4;
    private const int MostPorts = 31;

    private readonly List<RootPort> _rootPorts = [];

    /// <summary>The PCIe root complex, or null.</summary>
    public RootComplex? Pcie { get; private set; }

    /// <summary>The root ports, by device number from 1 on.</summary>
    public IReadOnlyList<RootPort> RootPorts => _rootPorts;

    private void AddPcie()
    {
        if (Options.NvmeControllers.Count + Options.MatrixEngines == 0 && !Options.Network.Pcie && !Options.Drives.Any(drive => drive.Pcie))
        {
            return;
        }

        BoardRegion low = VirtMemoryMap.PcieMemory;
        BoardRegion high = VirtMemoryMap.PcieHighMemory(Ram.Size);
        uint[] sources = [.. Enumerable.Range(0, Wires).Select(wire => VirtMemoryMap.PcieEcam.Interrupt + (uint)wire)];
        Pcie = new RootComplex(new PcieMemory(new RamDmaPort(Ram), _interrupts), [.. sources.Select(Interrupt)]);
        Add(VirtMemoryMap.PcieEcam, Pcie.Ecam, tree => RootComplex.Describe(
            tree.Soc,
            (VirtMemoryMap.PcieEcam.Base, VirtMemoryMap.PcieEcam.Size),
            (low.Base, low.Size),
            (high.Base, high.Size),
            _interrupts.MessageParent,
            _interrupts.Phandle,
            [.. sources.Select(_interrupts.Specifier)]));
        Map.Add(low.Base, low.Size, Traced(Pcie.Window(low.Name, low.Base)));
        Map.Add(high.Base, high.Size, Traced(Pcie.Window(high.Name, high.Base)));
        for (int i = 0; i < Options.NvmeControllers.Count; i++)
        {
            Plug(new NvmeController($"nvme{i}", $"COVEJIT{i:D4}", [.. Options.NvmeControllers[i].Select(drive => Own(Storage.Open(drive)))]));
        }

        for (int i = 0; i < Options.MatrixEngines; i++)
        {
            Plug(Own(new MatrixEngine($"matrix{i}", synchronous: Options.InstructionCount)));
        }
    }

    // Owned after its backend, so disposed before it.
    private void Plug(VirtioDevice device) => Plug(Own(new VirtioPci(device, report: _host.Report)));

    private void Plug(PcieFunction function)
    {
        if (_rootPorts.Count == MostPorts)
        {
            throw new LoadException($"more than {MostPorts} PCIe devices do not fit the board", "give fewer --nvme options");
        }

        int device = _rootPorts.Count + 1;
        RootPort port = new($"pcie_port{device}", device);
        port.Insert(function);
        Pcie!.Root.Add(device, port);
        _rootPorts.Add(port);
    }
}
