namespace CoveJit.Devices.Pcie;

/// <summary>
/// A function's 4096 bytes of configuration space: the registers declared in it, and the two lists of capabilities. What is not declared reads as zero
/// and ignores writes. Guarded by the function's gate.
/// </summary>
public sealed class ConfigurationSpace
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 4096;

    private const int CapabilitiesPointer = 0x34;
    private const int FirstCapability = 0x40;
    private const int FirstExtendedCapability = 0x100;
    private const int CompatibleSize = 0x100;

    // By byte; a register is at each of its own.
    private readonly ConfigurationRegister?[] _map = new ConfigurationRegister?[Size];
    private readonly List<ConfigurationRegister> _registers = [];
    private int _nextCapability = FirstCapability;
    private int _nextExtendedCapability = FirstExtendedCapability;
    private ConfigurationRegister? _lastPointer;
    private ConfigurationRegister? _lastExtendedHeader;

    /// <summary>Declares a register.</summary>
    /// <param name="offset">Offset in bytes, a multiple of <paramref name="size"/>.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="reset">Value after reset.</param>
    /// <param name="writable">Bits software can write (RW).</param>
    /// <param name="clearable">Bits software clears by writing 1 (RW1C).</param>
    /// <param name="written">Called after each write of any of its bytes.</param>
    /// <param name="read">Gives what software reads instead of the stored value.</param>
    public ConfigurationRegister Add(
        int offset, int size, uint reset = 0, uint writable = 0, uint clearable = 0, Action<RegisterWrite>? written = null, Func<uint>? read = null)
    {
        ConfigurationRegister register = new(offset, size, reset, writable, clearable, written, read);
        for (int i = offset; i < offset + size; i++)
        {
            if (offset % size != 0 || _map[i] is not null)
            {
                throw new ArgumentException($"the register at 0x{offset:x} is misaligned or overlaps another");
            }

            _map[i] = register;
        }

        _registers.Add(register);
        return register;
    }

    /// <summary>Reads 1, 2 or 4 bytes, naturally aligned.</summary>
    public uint Read(int offset, int size)
    {
        uint value = 0;
        int at = offset;
        while (at < offset + size)
        {
            if (_map[at] is not { } register)
            {
                at++;
                continue;
            }

            value |= register.Read() >> (8 * (at - register.Offset)) << (8 * (at - offset));
            at = register.Offset + register.Size;
        }

        return size == sizeof(uint) ? value : value & ((1u << (8 * size)) - 1);
    }

    /// <summary>Writes 1, 2 or 4 bytes, naturally aligned.</summary>
    public void Write(int offset, int size, uint value)
    {
        int at = offset;
        while (at < offset + size)
        {
            if (_map[at] is not { } register)
            {
                at++;
                continue;
            }

            int end = Math.Min(register.Offset + register.Size, offset + size);
            int lane = 8 * (at - register.Offset);
            uint lanes = (uint)((1UL << (8 * (end - at))) - 1) << lane;
            register.Write(value >> (8 * (at - offset)) << lane, lanes);
            at = end;
        }
    }

    /// <summary>Gives every register its value after reset; hooks are not called.</summary>
    public void Reset()
    {
        foreach (ConfigurationRegister register in _registers)
        {
            register.Value = register.ResetValue;
        }
    }

    /// <summary>Appends to the list of capabilities (offsets 0x40 to 0xFF).</summary>
    /// <param name="id">Capability ID.</param>
    /// <param name="size">Size in bytes, with the two bytes of the header.</param>
    /// <returns>Its offset.</returns>
    internal int AddCapability(byte id, int size)
    {
        int offset = Allocate(ref _nextCapability, size, CompatibleSize);
        ConfigurationRegister pointer = _lastPointer ?? Add(CapabilitiesPointer, 1);
        pointer.Initialize((uint)offset);
        Add(offset, 1, id);
        _lastPointer = Add(offset + 1, 1);
        return offset;
    }

    /// <summary>Appends to the list of extended capabilities (offsets 0x100 and up).</summary>
    /// <param name="id">Extended capability ID.</param>
    /// <param name="version">Capability version.</param>
    /// <param name="size">Size in bytes, with the four bytes of the header.</param>
    /// <returns>Its offset.</returns>
    internal int AddExtendedCapability(ushort id, int version, int size)
    {
        int offset = Allocate(ref _nextExtendedCapability, size, Size);
        _lastExtendedHeader?.Initialize(_lastExtendedHeader.Value | ((uint)offset << 20));
        _lastExtendedHeader = Add(offset, sizeof(uint), id | ((uint)version << 16));
        return offset;
    }

    private static int Allocate(ref int next, int size, int end)
    {
        int offset = next;
        next = (offset + size + 3) & ~3;
        return next <= end ? offset : throw new ArgumentException("the capabilities do not fit");
    }
}
