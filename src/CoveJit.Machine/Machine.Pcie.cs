using CoveJit.Devices.Accelerators;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Iommu;
using CoveJit.Devices.Nvme;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Devices.Virtio;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.Tsm.Devices;

namespace CoveJit.Machines;

// PCIe: a root complex where the options ask for a function, and each function behind a root port of its own.
public sealed partial class Machine
{
    private const int Wires = 4;
    private const int MostPorts = 31;
    private const uint RequesterIds = 0x10000;

    private readonly List<RootPort> _rootPorts = [];
    private readonly List<IdeLink> _links = [];
    private readonly Dictionary<RequesterId, byte[]> _policies = []; // by the port's bus, as whoever numbers buses in order does
    private IPcieUpstream? _functionMemory;
    private DeviceManufacturer? _manufacturer;

    /// <summary>The PCIe root complex, or null.</summary>
    public RootComplex? Pcie { get; private set; }

    /// <summary>The root ports, by device number from 1 on.</summary>
    public IReadOnlyList<RootPort> RootPorts => _rootPorts;

    /// <summary>The links that have IDE.</summary>
    internal IReadOnlyList<IdeLink> IdeLinks => _links;

    private void AddPcie()
    {
        if (!Options.Iommu && Options.NvmeControllers.Count + Options.MatrixEngines.Count == 0 && !Options.Network.Pcie && !Options.Drives.Any(drive => drive.Pcie))
        {
            return;
        }

        BoardRegion low = VirtMemoryMap.PcieMemory;
        BoardRegion high = VirtMemoryMap.PcieHighMemory(Ram.Size);
        uint[] sources = [.. Enumerable.Range(0, Wires).Select(wire => VirtMemoryMap.PcieEcam.Interrupt + (uint)wire)];
        PcieMemory memory = new(BehindIopmp(new RamDmaPort(Ram), requester: VirtMemoryMap.Virtio.Count), _interrupts);
        _functionMemory = _deviceProtection is null ? memory : _deviceProtection.Attach(memory);
        Pcie = new RootComplex(_functionMemory, [.. sources.Select(Interrupt)]);
        uint iommu = 0;
        if (Options.Iommu)
        {
            AddIommu(Pcie.Root, phandle => iommu = phandle);
        }

        Add(VirtMemoryMap.PcieEcam, Pcie.Ecam, tree =>
        {
            DeviceTreeNode node = RootComplex.Describe(
                tree.Soc,
                (VirtMemoryMap.PcieEcam.Base, VirtMemoryMap.PcieEcam.Size),
                (low.Base, low.Size),
                (high.Base, high.Size),
                _interrupts.MessageParent,
                _interrupts.Phandle,
                [.. sources.Select(_interrupts.Specifier)]);
            if (iommu != 0)
            {
                node.SetCells("iommu-map", 0, iommu, 0, RequesterIds);
            }
        });
        Map.Add(low.Base, low.Size, Traced(Pcie.Window(low.Name, low.Base)));
        Map.Add(high.Base, high.Size, Traced(Pcie.Window(high.Name, high.Base)));
        for (int i = 0; i < Options.NvmeControllers.Count; i++)
        {
            IReadOnlyList<DriveOptions> drives = Options.NvmeControllers[i];
            FunctionOptions said = drives[0].Function;
            Plug(new NvmeController($"nvme{i}", $"COVEJIT{i:D4}", [.. drives.Select(drive => Own(Storage.Open(drive)))], said.Tee is not null), said);
        }

        for (int i = 0; i < Options.MatrixEngines.Count; i++)
        {
            FunctionOptions said = Options.MatrixEngines[i].Function;
            Plug(Own(new MatrixEngine($"matrix{i}", synchronous: Options.InstructionCount, said.Tee is not null)), said);
        }
    }

    // Makes a function a TEE device interface, with IDE between it and its port.
    private void Secure(PcieFunction function, RootPort port, TeeIdentity identity)
    {
        _manufacturer ??= new DeviceManufacturer();
        // What is expected is the genuine one. The next of the same name would have other keys.
        DeviceIdentity genuine = _manufacturer.Provision(function, TeeIdentity.Genuine);
        _policies.Add(new RequesterId(_rootPorts.Count + 1, 0, 0), DeviceManufacturer.PolicyFor(genuine, DeviceManufacturer.Measure(function, TeeIdentity.Genuine)));
        DeviceSecurityManager manager = Own(new DeviceSecurityManager(
            function,
            identity == TeeIdentity.Forged ? _manufacturer.Provision(function, identity) : genuine,
            DeviceManufacturer.Measure(function, identity),
            Random(function.Name)));
        IdeLink link = port.Protect(manager.Port, Options.Ide);
        Own(link.Port);
        _links.Add(link);
    }

    // Runs under --icount repeat: then keys and nonces do, too.
    private IRandomSource Random(string name) =>
        Options.InstructionCount ? new SeededRandomSource(System.Text.Encoding.UTF8.GetBytes(name)) : SystemRandomSource.Instance;

    private bool HasTeeDevices => _links.Count != 0;

    // The IOMMU of the TEE security manager: its registers are in no hart's address map.
    private void AddTeeDevices(AddressRange iommuMemory)
    {
        RiscvIommu iommu = Own(new RiscvIommu("iommu_tsm", _deviceProtection!.Port(Tsm!.Domain.Sdid, new RamDmaPort(Ram)), [.. Enumerable.Repeat(new NoLine(), Wires)], (_, _) => false, _clock, bare: false));
        Pcie!.Root.Upstream = _deviceProtection.Route(Pcie.Root.Upstream, Tsm.Domain.Sdid, iommu.Attach(_functionMemory!));
        Pcie.TrustedDomain = Tsm.Domain.Sdid;
        BoardRegion low = VirtMemoryMap.PcieMemory;
        BoardRegion high = VirtMemoryMap.PcieHighMemory(Ram.Size);
        Tsm.Attach(new DevicePlatform
        {
            Ports = RootPorts,
            Iommu = iommu,
            IommuMemory = (iommuMemory.Start, iommuMemory.Size),
            TrustAnchors = [_manufacturer!.RootCertificate],
            Windows = [(low.Base, low.Size), (high.Base, high.Size)],
            Random = Random("tsm"),
        });
    }

    private void AddIommu(PcieBus root, Action<uint> described)
    {
        uint[] sources = [.. Enumerable.Range(0, Wires).Select(wire => VirtMemoryMap.Iommu.Interrupt + (uint)wire)];
        RiscvIommu iommu = Own(new RiscvIommu("iommu", HostDmaPort(), [.. sources.Select(Interrupt)], SendOfHost, _clock));
        root.Upstream = iommu.Attach(root.Upstream);
        Add(VirtMemoryMap.Iommu, iommu, tree =>
        {
            uint phandle = tree.Phandles.Reserve();
            RiscvIommu.Describe(tree.Soc, VirtMemoryMap.Iommu.Base, phandle, _interrupts.MessageParent, _interrupts.Phandle, [.. sources.Select(_interrupts.Specifier)]);
            described(phandle);
        });
    }

    // A message of the host's IOMMU.
    private bool SendOfHost(ulong address, uint data) =>
        _deviceProtection is null ? _interrupts.TrySend(address, data) : _deviceProtection.TrySend(RootDomainManager.HostSdid, address, data, (to, message) => _interrupts.TrySend(to, message));

    // Owned after its backend, so disposed before it. Behind an IOMMU the driver has to use the addresses that it is given.
    private void Plug(VirtioDevice device, FunctionOptions said) =>
        Plug(Own(new VirtioPci(device, new VirtioOptions { AccessPlatform = Options.Iommu || said.Tee is not null }, _host.Report, said.Tee is not null)), said);

    private void Plug(PcieFunction function, FunctionOptions said)
    {
        if (_rootPorts.Count == MostPorts)
        {
            throw new LoadException($"more than {MostPorts} PCIe devices do not fit the board", "give fewer --nvme options");
        }

        int device = _rootPorts.Count + 1;
        RootPort port = new($"pcie_port{device}", device);
        if (said.Tee is TeeIdentity identity)
        {
            Secure(function, port, identity);
        }

        if (said.Arrival is TimeSpan arrival)
        {
            At(arrival, () => port.Plug(function));
        }
        else
        {
            port.Insert(function);
        }

        if (said.Removal is TimeSpan removal)
        {
            At(removal, port.Pull);
        }

        Pcie!.Root.Add(device, port);
        _rootPorts.Add(port);
    }

    // Once, at an instant after the machine was made.
    private void At(TimeSpan instant, Action happens) => _timers.Create(happens).Arm(_clock.RealTime + (ulong)(instant.Ticks * 100));

    private sealed class NoLine : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }
}
