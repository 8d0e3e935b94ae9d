namespace CoveJit.Devices.Pcie;

/// <summary>
/// A bus: the functions on it, the way up to memory and to the interrupt controller. Functions come and go under the machine's feet (hot plug), so
/// the list is replaced, never changed.
/// </summary>
public sealed class PcieBus
{
    private const int MostFunctions = 256;

    private readonly Func<int> _number;
    private readonly Action<int, int, bool> _setInterrupt;
    private readonly Lock _lock = new();
    private volatile PcieFunction[] _functions = [];

    /// <summary>Makes an empty bus.</summary>
    /// <param name="upstream">The way of the functions' requests.</param>
    /// <param name="number">Gives the bus number.</param>
    /// <param name="setInterrupt">Drives an interrupt wire: device number, pin (1 to 4), level.</param>
    public PcieBus(IPcieUpstream upstream, Func<int> number, Action<int, int, bool> setInterrupt)
    {
        Upstream = upstream;
        _number = number;
        _setInterrupt = setInterrupt;
    }

    /// <summary>The way of the functions' requests. Replaced while a machine is made, by one that checks or translates and then goes the old way.</summary>
    public IPcieUpstream Upstream { get; set; }

    /// <summary>Bus number, as software has set it.</summary>
    public int Number => _number();

    /// <summary>The functions, by device and function number.</summary>
    public IReadOnlyList<PcieFunction> Functions => _functions;

    /// <summary>Puts a function on the bus.</summary>
    /// <param name="device">Device number, 0 to 31.</param>
    /// <param name="function">A function that is on no bus.</param>
    /// <param name="number">Function number, 0 to 7; a device has a function 0.</param>
    public void Add(int device, PcieFunction function, int number = 0)
    {
        lock (_lock)
        {
            int place = (device << 3) | number;
            if ((uint)place >= MostFunctions || function.Bus is not null || _functions.Any(f => f.DeviceFunction == place))
            {
                throw new ArgumentException($"{function.Name} cannot be function {device:x2}.{number}: the place is taken, or it is on a bus already");
            }

            function.Bus = this;
            function.DeviceFunction = (byte)place;
            _functions = [.. _functions.Append(function).OrderBy(f => f.DeviceFunction)];
        }
    }

    /// <summary>Takes a function off the bus: it is reset, and its requests go nowhere.</summary>
    public void Remove(PcieFunction function)
    {
        function.Reset();
        lock (_lock)
        {
            _functions = [.. _functions.Where(f => f != function)];
            function.Bus = null;
        }
    }

    /// <summary>Resets all functions on the bus: a hot reset of the link.</summary>
    public void Reset()
    {
        foreach (PcieFunction function in _functions)
        {
            function.Reset();
        }
    }

    /// <summary>Finds the function that configuration requests to a requester's place reach, through bridges; null if there is none.</summary>
    public PcieFunction? Find(RequesterId place)
    {
        foreach (PcieFunction function in _functions)
        {
            if (place.Bus == Number)
            {
                if (function.DeviceFunction == (byte)place.Value)
                {
                    return function;
                }
            }
            else if (function is PcieBridge bridge && bridge.Leads(place.Bus))
            {
                return bridge.Secondary?.Find(place);
            }
        }

        return null;
    }

    /// <summary>Reads memory, with or without the T bit; false if no function decodes the address.</summary>
    public bool TryReadMemory(ulong address, int size, bool trusted, out ulong value)
    {
        foreach (PcieFunction function in _functions)
        {
            if (function.TryReadMemory(address, size, trusted, out value))
            {
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <summary>Writes memory, with or without the T bit; false if no function decodes the address.</summary>
    public bool TryWriteMemory(ulong address, int size, bool trusted, ulong value)
    {
        foreach (PcieFunction function in _functions)
        {
            if (function.TryWriteMemory(address, size, trusted, value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a function's device has other functions.</summary>
    internal bool HasSiblings(PcieFunction function) => _functions.Any(f => f != function && f.DeviceFunction >> 3 == function.DeviceFunction >> 3);

    internal void SetInterrupt(int device, int pin, bool level) => _setInterrupt(device, pin, level);
}
