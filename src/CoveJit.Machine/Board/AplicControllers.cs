using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Harts;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>A board with an APLIC of two domains, and with the memory regions of the harts' IMSICs if they have them.</summary>
internal sealed class AplicControllers : InterruptControllers
{
    // A device drives its wire high for as long as it wants service: IRQ_TYPE_LEVEL_HIGH.
    private const uint LevelHigh = 4;

    private const uint DelegatedToChild0 = 1u << 10;
    private const ulong SourceConfiguration = 0x0;
    private const ulong MessageAddresses = 0x1BC0; // mmsiaddrcfg, mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh
    private const uint AddressLock = 1u << 31;

    private readonly Aplic _aplic;
    private readonly ImsicPages? _imsics;

    private AplicControllers(Aplic aplic, ImsicPages? imsics)
    {
        _aplic = aplic;
        _imsics = imsics;
    }

    /// <inheritdoc/>
    public override IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices =>
    [
        (VirtMemoryMap.AplicM.Base, AplicDomain.WindowSize, _aplic.Root),
        (VirtMemoryMap.AplicS.Base, AplicDomain.WindowSize, _aplic.Supervisor),
        .. _imsics?.Devices ?? [],
    ];

    /// <summary>An APLIC that interrupts the harts directly.</summary>
    public static AplicControllers Direct(IReadOnlyList<Hart> harts) => new(new Aplic("aplic", Lines(harts, machine: true), Lines(harts, machine: false)), null);

    /// <summary>An APLIC that sends messages to the harts' IMSICs.</summary>
    public static AplicControllers WithImsics(IReadOnlyList<Hart> harts)
    {
        ImsicPages imsics = new(harts);
        return new AplicControllers(new Aplic("aplic", imsics, harts[0].GuestFiles.Count), imsics);
    }

    /// <inheritdoc/>
    public override IInterruptLine Source(uint number) => _aplic.Source((int)number);

    /// <inheritdoc/>
    public override bool TrySend(ulong address, uint data, bool confidential = false) => _imsics?.TrySend(address, data, confidential) == true;

    /// <inheritdoc/>
    public override uint[] Specifier(uint number) => [number, LevelHigh];

    /// <inheritdoc/>
    public override void Describe(BoardDeviceTree tree, bool managed)
    {
        uint[] harts = tree.HartInterruptControllers();
        uint machineImsics = 0;
        uint supervisorImsics = 0;
        if (_imsics is not null)
        {
            machineImsics = tree.Phandles.Reserve();
            supervisorImsics = tree.Phandles.Reserve();
            MessageParent = supervisorImsics;
            DisableIf(managed, _imsics.Machine.Describe(tree.Soc, VirtMemoryMap.ImsicM.Base, machineImsics, InterruptLevel.Machine, _imsics.Identities, harts));
            _imsics.Supervisor.Describe(tree.Soc, VirtMemoryMap.ImsicS.Base, supervisorImsics, InterruptLevel.Supervisor, _imsics.Identities, harts);
        }

        uint root = tree.Phandles.Reserve();
        Phandle = tree.Phandles.Reserve();
        DisableIf(managed, _aplic.Root.Describe(tree.Soc, VirtMemoryMap.AplicM.Base, root, machineImsics, Phandle, harts));
        _aplic.Supervisor.Describe(tree.Soc, VirtMemoryMap.AplicS.Base, Phandle, supervisorImsics, null, harts);
    }

    /// <inheritdoc/>
    /// <remarks>All sources are the supervisor-level domain's. Where interrupt files are is written down, and locked.</remarks>
    public override void SetUpMachineLevel()
    {
        for (uint source = 1; source <= (uint)_aplic.Sources; source++)
        {
            Write(SourceConfiguration + (4 * source), DelegatedToChild0);
        }

        if (_imsics is not null)
        {
            uint hartIndexWidth = (uint)_imsics.HartIndexBits << 12;
            uint supervisorShift = (uint)_imsics.Supervisor.GuestIndexBits << 20;
            Write(MessageAddresses + 8, (uint)(VirtMemoryMap.ImsicS.Base >> 12));
            Write(MessageAddresses + 12, supervisorShift);
            Write(MessageAddresses, (uint)(VirtMemoryMap.ImsicM.Base >> 12));
            Write(MessageAddresses + 4, AddressLock | hartIndexWidth);
        }
    }

    private static void DisableIf(bool disabled, DeviceTreeNode node)
    {
        if (disabled)
        {
            node.Set("status", "disabled");
        }
    }

    private void Write(ulong offset, uint value) => _aplic.Root.TryWrite(offset, sizeof(uint), value);
}
