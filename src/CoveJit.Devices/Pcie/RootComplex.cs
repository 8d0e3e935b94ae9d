using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Pcie;

/// <summary>
/// A root complex as the generic binding describes it: the root bus, configuration space by ECAM, windows through which harts reach the memory of
/// functions, four interrupt wires. Requests that nobody takes read as ones, as after a master abort.
/// </summary>
public sealed class RootComplex
{
    private const int Wires = 4;
    private const int BusShift = 20;
    private const int FunctionShift = 12;
    private const ushort BridgeDevice = 0x0000;
    private const uint BridgeClass = 0x060000;

    private readonly IReadOnlyList<IInterruptLine> _wires;
    private readonly int[] _drivers = new int[Wires];
    private readonly Lock _wireLock = new();

    /// <summary>Makes a root complex with an empty root bus, but for the host bridge that is device 0.</summary>
    /// <param name="memory">Where functions' requests go.</param>
    /// <param name="wires">The four interrupt wires: INTA of device 0, and so on.</param>
    public RootComplex(IPcieUpstream memory, IReadOnlyList<IInterruptLine> wires)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(wires.Count, Wires);
        _wires = wires;
        Root = new PcieBus(memory, () => 0, SetWire);
        Root.Add(0, new HostBridge());
        Ecam = new ConfigurationWindow(Root);
    }

    /// <summary>The root bus. Its <see cref="PcieBus.Upstream"/> is where an IOMMU or a checker goes.</summary>
    public PcieBus Root { get; }

    /// <summary>The supervisor domain whose harts' accesses to functions' memory have the T bit; null for none.</summary>
    public uint? TrustedDomain { get; set; }

    /// <summary>Configuration space: 4 KiB for each function, 1 MiB for each bus.</summary>
    public IBusDevice Ecam { get; }

    /// <summary>Makes the device of a window.</summary>
    /// <param name="name">Name for traces.</param>
    /// <param name="address">Its address, which functions see as well.</param>
    public IBusDevice Window(string name, ulong address) => new MemoryWindow(name, address, this);

    /// <summary>Adds the node (binding <c>pci-host-ecam-generic</c>), as QEMU's virt board writes it, without an I/O window.</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="ecam">Address and size of configuration space.</param>
    /// <param name="low">Address and size of the window for 32-bit addresses.</param>
    /// <param name="high">Address and size of the window for 64-bit addresses.</param>
    /// <param name="messageParent">Phandle of the MSI controller, or 0.</param>
    /// <param name="interruptParent">Phandle of the controller of the four wires.</param>
    /// <param name="specifiers">How it spells each wire.</param>
    public static DeviceTreeNode Describe(
        DeviceTreeNode bus,
        (ulong Base, ulong Size) ecam,
        (ulong Base, ulong Size) low,
        (ulong Base, ulong Size) high,
        uint messageParent,
        uint interruptParent,
        IReadOnlyList<uint[]> specifiers)
    {
        const uint Memory32 = 0x0200_0000;
        const uint Memory64 = 0x0300_0000;
        const uint DeviceShift = 11;
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(specifiers);
        DeviceTreeNode node = bus.AddChild($"pci@{ecam.Base:x}")
            .Set("compatible", "pci-host-ecam-generic")
            .Set("device_type", "pci")
            .SetCells("#address-cells", 3)
            .SetCells("#size-cells", 2)
            .SetCells("#interrupt-cells", 1)
            .SetCells("linux,pci-domain", 0)
            .SetCells("bus-range", 0, (uint)(ecam.Size >> BusShift) - 1)
            .Set("dma-coherent")
            .SetPairs("reg", ecam.Base, ecam.Size)
            .SetCells("ranges", [.. Range(Memory32, low), .. Range(Memory64, high)]);
        if (messageParent != 0)
        {
            node.SetCells("msi-parent", messageParent);
        }

        // Wires rotate with the device number: four devices are a whole turn.
        List<uint> map = [];
        for (uint device = 0; device < Wires; device++)
        {
            for (uint pin = 1; pin <= Wires; pin++)
            {
                map.AddRange([device << (int)DeviceShift, 0, 0, pin, interruptParent, .. specifiers[(int)WireOf(device, pin)]]);
            }
        }

        return node
            .SetCells("interrupt-map-mask", (Wires - 1) << (int)DeviceShift, 0, 0, 7)
            .SetCells("interrupt-map", [.. map]);
    }

    private static uint[] Range(uint kind, (ulong Base, ulong Size) window) =>
    [
        kind, (uint)(window.Base >> 32), (uint)window.Base, (uint)(window.Base >> 32), (uint)window.Base, (uint)(window.Size >> 32), (uint)window.Size,
    ];

    private static uint WireOf(uint device, uint pin) => (pin - 1 + device) % Wires;

    private void SetWire(int device, int pin, bool level)
    {
        int wire = (int)WireOf((uint)device, (uint)pin);
        lock (_wireLock)
        {
            _drivers[wire] += level ? 1 : -1;
            _wires[wire].Set(_drivers[wire] > 0);
        }
    }

    /// <summary>Device 0 of the root bus: it has no registers of its own, but software expects something there.</summary>
    private sealed class HostBridge() : PcieFunction("pcie_host", new FunctionIdentity(BridgeDevice, BridgeClass));

    private sealed class ConfigurationWindow(PcieBus root) : IBusDevice
    {
        public string Name => "pcie_ecam";

        public bool TryRead(ulong offset, int size, out ulong value)
        {
            value = uint.MaxValue >> (32 - (8 * Math.Min(size, 4)));
            if (size > sizeof(uint))
            {
                return false; // no root complex has to take 8 bytes, and software does not try
            }

            if (root.Find(Place(offset)) is { } function)
            {
                value = function.ReadConfiguration(Register(offset), size);
            }

            return true;
        }

        public bool TryWrite(ulong offset, int size, ulong value)
        {
            if (size > sizeof(uint))
            {
                return false;
            }

            root.Find(Place(offset))?.WriteConfiguration(Register(offset), size, (uint)value);
            return true;
        }

        private static RequesterId Place(ulong offset) => new((ushort)(offset >> FunctionShift));

        private static int Register(ulong offset) => (int)(offset & (ConfigurationSpace.Size - 1));
    }

    private sealed class MemoryWindow(string name, ulong address, RootComplex complex) : IBusDevice
    {
        public string Name => name;

        public bool TryRead(ulong offset, int size, out ulong value) => Read(offset, size, trusted: false, out value);

        public bool TryWrite(ulong offset, int size, ulong value) => Write(offset, size, trusted: false, value);

        public bool TryRead(ulong offset, int size, uint sdid, out ulong value) => Read(offset, size, sdid == complex.TrustedDomain, out value);

        public bool TryWrite(ulong offset, int size, uint sdid, ulong value) => Write(offset, size, sdid == complex.TrustedDomain, value);

        private bool Read(ulong offset, int size, bool trusted, out ulong value)
        {
            if (!complex.Root.TryReadMemory(address + offset, size, trusted, out value))
            {
                value = ulong.MaxValue >> (64 - (8 * size));
            }

            return true;
        }

        private bool Write(ulong offset, int size, bool trusted, ulong value)
        {
            complex.Root.TryWriteMemory(address + offset, size, trusted, value);
            return true;
        }
    }
}
