namespace CoveJit.Devices.Pcie;

/// <summary>A write to a register of configuration space.</summary>
/// <param name="Before">Value before.</param>
/// <param name="After">Value now.</param>
/// <param name="Written">Bits that were written as 1, whether they can be written or not.</param>
public readonly record struct RegisterWrite(uint Before, uint After, uint Written)
{
    /// <summary>Bits that changed.</summary>
    public uint Changed => Before ^ After;
}

/// <summary>
/// A register of configuration space, declared once: place, value after reset, bits software can write, bits software clears by writing 1, and
/// what else a read or a write does. Guarded by its function's gate, but <see cref="Value"/> may be read by anybody.
/// </summary>
public sealed class ConfigurationRegister
{
    private uint _value;

    internal ConfigurationRegister(int offset, int size, uint reset, uint writable, uint clearable, Action<RegisterWrite>? written, Func<uint>? read)
    {
        Offset = offset;
        Size = size;
        ResetValue = reset;
        Writable = writable;
        Clearable = clearable;
        Written = written;
        ReadHook = read;
        _value = reset;
    }

    /// <summary>Offset in bytes.</summary>
    public int Offset { get; }

    /// <summary>Size in bytes: 1, 2 or 4.</summary>
    public int Size { get; }

    /// <summary>The stored value, in a register without a read hook what software reads.</summary>
    public uint Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }

    /// <summary>Value after reset. A function that learns it late (the number of a port) may change it while it is being made.</summary>
    internal uint ResetValue { get; private set; }

    private uint Writable { get; }

    private uint Clearable { get; }

    private Action<RegisterWrite>? Written { get; }

    private Func<uint>? ReadHook { get; }

    /// <summary>Whether all of these bits are set.</summary>
    public bool Has(uint bits) => (Value & bits) == bits;

    /// <summary>Sets and clears bits, as the device does.</summary>
    internal void Change(uint set, uint clear) => Value = (Value & ~clear) | set;

    /// <summary>Gives the register another value after reset, which it takes at once.</summary>
    internal void Initialize(uint value)
    {
        ResetValue = value;
        Value = value;
    }

    internal uint Read() => ReadHook?.Invoke() ?? Value;

    /// <summary>Software's write of the bytes that <paramref name="lanes"/> has ones in.</summary>
    internal void Write(uint value, uint lanes)
    {
        value &= lanes;
        uint before = Value;
        uint writable = Writable & lanes;
        uint after = ((before & ~writable) | (value & writable)) & ~(value & Clearable);
        Value = after;
        Written?.Invoke(new RegisterWrite(before, after, value));
    }
}
