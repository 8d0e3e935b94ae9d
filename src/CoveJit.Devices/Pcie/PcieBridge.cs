namespace CoveJit.Devices.Pcie;

/// <summary>
/// A PCI-to-PCI bridge (PCIe Base, section 7.5.1.3): bus numbers, a 32-bit window and a 64-bit window for prefetchable memory, secondary bus reset. It
/// has no I/O window. For the bus below it is the way to memory.
/// </summary>
public abstract class PcieBridge : PcieFunction, IPcieUpstream
{
    private const uint Prefetch64 = 1;
    private const ulong WindowLow = 0xFFFFF;
    private const uint SecondaryBusReset = 1 << 6;

    private readonly ConfigurationRegister _secondaryNumber;
    private readonly ConfigurationRegister _subordinateNumber;
    private readonly ConfigurationRegister _memoryBase;
    private readonly ConfigurationRegister _memoryLimit;
    private readonly ConfigurationRegister _prefetchBase;
    private readonly ConfigurationRegister _prefetchLimit;
    private readonly ConfigurationRegister _prefetchBaseUpper;
    private readonly ConfigurationRegister _prefetchLimitUpper;

    /// <summary>Declares a bridge's header.</summary>
    protected PcieBridge(string name, FunctionIdentity identity, int interruptPin)
        : base(name, identity, interruptPin, headerType: 1)
    {
        Below = new PcieBus(this, () => (int)_secondaryNumber!.Value, (device, pin, level) => Bus?.SetInterrupt(DeviceFunction >> 3, Swizzle(device, pin), level));
        Configuration.Add(0x18, 1, writable: 0xFF); // primary bus number: kept for software
        _secondaryNumber = Configuration.Add(0x19, 1, writable: 0xFF);
        _subordinateNumber = Configuration.Add(0x1A, 1, writable: 0xFF);
        Configuration.Add(0x1E, 2, clearable: 0xF900); // secondary status
        _memoryBase = Configuration.Add(0x20, 2, writable: 0xFFF0);
        _memoryLimit = Configuration.Add(0x22, 2, writable: 0xFFF0);
        _prefetchBase = Configuration.Add(0x24, 2, Prefetch64, 0xFFF0);
        _prefetchLimit = Configuration.Add(0x26, 2, Prefetch64, 0xFFF0);
        _prefetchBaseUpper = Configuration.Add(0x28, 4, writable: uint.MaxValue);
        _prefetchLimitUpper = Configuration.Add(0x2C, 4, writable: uint.MaxValue);
        Configuration.Add(0x3E, 2, writable: 0x43, written: write =>
        {
            if ((write.Before & ~write.After & SecondaryBusReset) != 0)
            {
                Below.Reset();
            }
        });
    }

    /// <summary>The bus below, while it can be reached; null while the slot is empty or off.</summary>
    public virtual PcieBus? Secondary => Below;

    /// <summary>Whether the link below carries requests with the T bit: under IDE only.</summary>
    protected virtual bool CarriesTrusted => false;

    /// <summary>The bus below.</summary>
    protected PcieBus Below { get; }

    /// <summary>Whether a bus is below this bridge, by the numbers that software has set.</summary>
    public bool Leads(int bus) => bus >= _secondaryNumber.Value && bus <= _subordinateNumber.Value && _secondaryNumber.Value != 0;

    /// <inheritdoc/>
    public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) =>
        IsBusMaster && (!request.Trusted || CarriesTrusted) && Bus is { } bus && bus.Upstream.TryRead(request, address, destination);

    /// <inheritdoc/>
    public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) =>
        IsBusMaster && (!request.Trusted || CarriesTrusted) && Bus is { } bus && bus.Upstream.TryWrite(request, address, source);

    /// <inheritdoc/>
    public override bool TryReadMemory(ulong address, int size, bool trusted, out ulong value)
    {
        value = 0;
        return Forwards(address) && (!trusted || CarriesTrusted) && Secondary is { } bus && bus.TryReadMemory(address, size, trusted, out value);
    }

    /// <inheritdoc/>
    public override bool TryWriteMemory(ulong address, int size, bool trusted, ulong value) =>
        Forwards(address) && (!trusted || CarriesTrusted) && Secondary is { } bus && bus.TryWriteMemory(address, size, trusted, value);

    /// <inheritdoc/>
    protected override void OnReset() => Below.Reset();

    // Interrupt pins rotate with the device number, so that devices spread over the four wires (PCI-to-PCI Bridge Architecture, section 9.1).
    private static int Swizzle(int device, int pin) => ((pin - 1 + device) & 3) + 1;

    private bool Forwards(ulong address) =>
        DecodesMemory
        && (In(address, _memoryBase.Value, 0, _memoryLimit.Value, 0)
            || In(address, _prefetchBase.Value, _prefetchBaseUpper.Value, _prefetchLimit.Value, _prefetchLimitUpper.Value));

    private static bool In(ulong address, uint low, uint lowUpper, uint high, uint highUpper) =>
        address >= (((ulong)lowUpper << 32) | ((low & 0xFFF0UL) << 16))
        && address <= (((ulong)highUpper << 32) | ((high & 0xFFF0UL) << 16) | WindowLow);
}
