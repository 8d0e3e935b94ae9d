using CoveJit.Devices.Pcie.Security;

namespace CoveJit.Devices.Pcie;

/// <summary>A root port with a slot: a bridge whose bus has one device, which can be plugged in and pulled while the machine runs.</summary>
public sealed class RootPort : PcieBridge
{
    private const ushort Device = 0x0001;
    private const uint Class = 0x060400; // PCI-to-PCI bridge

    private readonly HotPlugSlot _slot;
    private bool _ejecting;

    /// <summary>Makes a port with an empty slot.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="number">Number of the port and of its slot.</param>
    public RootPort(string name, int number)
        : base(name, new FunctionIdentity(Device, Class), interruptPin: 1)
    {
        _slot = new HotPlugSlot(number, OnSlotEvent, OnPowerChanged);
        Add(new MsiCapability());
        Add(new ExpressCapability(PcieDeviceType.RootPort, _slot, number));
        AccessControl = Add(new AccessControlCapability());
    }

    /// <summary>Access Control Services.</summary>
    public AccessControlCapability AccessControl { get; }

    /// <inheritdoc/>
    public override PcieBus? Secondary => _slot.IsLinkUp ? Below : null;

    /// <summary>What is in the slot, function 0 first.</summary>
    public IReadOnlyList<PcieFunction> Slot => Below.Functions;

    /// <summary>The way of the slot's requests to memory, before the port itself: an IDE link goes here.</summary>
    public IPcieUpstream Ingress
    {
        get => Below.Upstream;
        set => Below.Upstream = value;
    }

    /// <summary>The port's end of IDE, or null.</summary>
    public IdePort? Ide => Link?.Port;

    /// <summary>The link under IDE to what is in the slot, or null; it is on the requests' way.</summary>
    public IdeLink? Link { get; private set; }

    /// <inheritdoc/>
    protected override bool CarriesTrusted => Link is { IsSecure: true };

    /// <summary>Called when a device has left the slot: with the function, on the thread that pulled it or turned power off. The port's gate is held.</summary>
    public Action<PcieFunction>? Removed { get; set; }

    /// <summary>Puts a link with IDE between the port and what is, or will be, in the slot; while the machine is made.</summary>
    /// <param name="device">The device's end.</param>
    /// <param name="mode">How IDE is modelled.</param>
    public IdeLink Protect(IdePort device, IdeLinkMode mode)
    {
        IdePort port = new(ofRoot: true);
        port.Attach(this);
        Link = new IdeLink(this, port, device, mode);
        Ingress = Link;
        return Link;
    }

    /// <summary>Fills the slot while the machine is made.</summary>
    /// <exception cref="ArgumentException">The slot is not empty.</exception>
    public void Insert(PcieFunction function) => Fill(function, atBoot: true);

    /// <summary>Fills the slot while the machine runs, and tells software.</summary>
    /// <exception cref="ArgumentException">The slot is not empty.</exception>
    public void Plug(PcieFunction function) => Fill(function, atBoot: false);

    /// <summary>Pulls what is in the slot without a word before: surprise removal.</summary>
    public void Pull()
    {
        lock (Gate)
        {
            Empty();
        }
    }

    /// <summary>Presses the attention button: software is asked to give up what is in the slot, which leaves it when software turns power off.</summary>
    public void RequestRemoval()
    {
        lock (Gate)
        {
            _ejecting = Below.Functions.Count > 0;
            _slot.PressAttentionButton();
        }
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        base.OnReset();
        _ejecting = false;
        _slot.Restore(Below.Functions.Count > 0);
    }

    private void Fill(PcieFunction function, bool atBoot)
    {
        lock (Gate)
        {
            Below.Add(0, function);
            _slot.SetPresence(true, atBoot);
        }
    }

    private void OnPowerChanged()
    {
        if (_slot.IsPowered)
        {
            return;
        }

        if (_ejecting)
        {
            Empty();
        }
        else
        {
            Below.Reset();
        }
    }

    private void Empty()
    {
        _ejecting = false;
        PcieFunction[] functions = [.. Below.Functions];
        foreach (PcieFunction function in functions)
        {
            Below.Remove(function);
            Removed?.Invoke(function);
        }

        if (functions.Length > 0)
        {
            _slot.SetPresence(false);
        }
    }

    private void OnSlotEvent()
    {
        bool wanted = _slot.WantsInterrupt;
        if (wanted)
        {
            TrySignalMessage(0);
        }

        SetInterrupt(wanted);
    }
}
