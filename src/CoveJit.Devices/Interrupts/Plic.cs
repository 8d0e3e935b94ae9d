using System.Numerics;
using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The platform-level interrupt controller (RISC-V PLIC specification 1.0.0) as SiFive and QEMU's virt board have it:
/// contexts 2h (machine) and 2h+1 (supervisor) of each hart h, priorities 0 to 7, level-triggered gateways.
/// Registers are 32 bits wide; other sizes and misaligned accesses are refused. What does not exist reads as zero and ignores writes.
/// <para>
/// A gateway forwards a request when its wire rises and takes it back never; it forwards the next one after completion, if the
/// wire is still high. A claim disregards the threshold; a completion by a context that has the source disabled is ignored.
/// </para>
/// <para>
/// Context lines are driven with the device's lock held, so that levels arrive in the order they were worked out.
/// Lock order: a device's lock, then this one, then a hart's.
/// </para>
/// </summary>
public sealed class Plic : IBusDevice
{
    /// <summary>Size of the register window in bytes, room for 512 harts as on QEMU's virt board.</summary>
    public const ulong WindowSize = 0x60_0000;

    /// <summary>Interrupt sources of the virt board: 1 to 95, source 0 not existing.</summary>
    public const int DefaultSources = 95;

    /// <summary>Most sources the layout has room for.</summary>
    public const int MaximumSources = 1023;

    /// <summary>Most harts the window has room for.</summary>
    public const int MaximumHarts = 512;

    /// <summary>Highest priority and threshold; the registers keep these bits (WARL).</summary>
    public const uint MaximumPriority = 7;

    private const ulong PendingBase = 0x1000;
    private const ulong EnableBase = 0x2000;
    private const ulong EnableStride = 0x80;
    private const ulong ContextBase = 0x20_0000;
    private const ulong ContextStride = 0x1000;
    private const ulong Threshold = 0x0;
    private const ulong ClaimComplete = 0x4;

    // Interrupt numbers of the hart-local controller: mcause codes of machine and supervisor external interrupts.
    private const uint MachineExternalInterrupt = 11;
    private const uint SupervisorExternalInterrupt = 9;

    private readonly Lock _lock = new();
    private readonly int _words;
    private readonly uint[] _validSources;
    private readonly uint[] _level;
    private readonly uint[] _pending;
    private readonly uint[] _inService;
    private readonly uint[] _priority;
    private readonly Context[] _contexts;
    private readonly SourceLine[] _sources;

    /// <summary>Makes the controller with everything disabled and its outputs low.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="machineExternal">MEIP of each hart.</param>
    /// <param name="supervisorExternal">SEIP of each hart, in the same order.</param>
    /// <param name="sources">Number of the highest interrupt source.</param>
    /// <exception cref="ArgumentException">The lists differ in length or are too long, or there are too few or many sources.</exception>
    public Plic(string name, IReadOnlyList<IInterruptLine> machineExternal, IReadOnlyList<IInterruptLine> supervisorExternal, int sources = DefaultSources)
    {
        ArgumentNullException.ThrowIfNull(machineExternal);
        ArgumentNullException.ThrowIfNull(supervisorExternal);
        ArgumentOutOfRangeException.ThrowIfLessThan(sources, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources, MaximumSources);
        if (machineExternal.Count != supervisorExternal.Count || machineExternal.Count > MaximumHarts)
        {
            throw new ArgumentException(
                $"{machineExternal.Count} machine and {supervisorExternal.Count} supervisor lines given; they must be equal, at most {MaximumHarts}.",
                nameof(machineExternal));
        }

        Name = name;
        Sources = sources;
        _words = (sources / 32) + 1;
        _validSources = new uint[_words];
        _level = new uint[_words];
        _pending = new uint[_words];
        _inService = new uint[_words];
        _priority = new uint[sources + 1];
        _sources = new SourceLine[sources + 1];
        for (int i = 1; i <= sources; i++)
        {
            _validSources[i / 32] |= 1u << (i % 32);
            _sources[i] = new SourceLine(this, i);
        }

        _contexts = new Context[machineExternal.Count * 2];
        for (int i = 0; i < _contexts.Length; i++)
        {
            _contexts[i] = new Context((i % 2 == 0 ? machineExternal : supervisorExternal)[i / 2], _words);
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Number of the highest interrupt source.</summary>
    public int Sources { get; }

    /// <summary>The wire into a source's gateway.</summary>
    /// <param name="number">1 to <see cref="Sources"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such source.</exception>
    public IInterruptLine Source(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, Sources);
        return _sources[number];
    }

    /// <inheritdoc/>
    /// <remarks>Reading a context's claim register claims.</remarks>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            value = ReadWord(offset);
        }

        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Writing a context's claim register completes.</remarks>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            WriteWord(offset, (uint)value);
        }

        return true;
    }

    /// <summary>Back to the state after power-on. Wires keep the levels devices drive, and request anew if high.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            Array.Clear(_priority);
            Array.Clear(_inService);
            _level.CopyTo(_pending, 0);
            foreach (Context context in _contexts)
            {
                Array.Clear(context.Enable);
                context.Threshold = 0;
                Update(context);
            }
        }
    }

    /// <summary>Adds the device's node to its bus.</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the window.</param>
    /// <param name="phandle">Phandle of this node: devices name it as their interrupt parent.</param>
    /// <param name="sources">Number of the highest interrupt source.</param>
    /// <param name="hartInterruptControllers">Phandles of the harts' <c>riscv,cpu-intc</c> nodes, in hart order.</param>
    public static DeviceTreeNode Describe(
        DeviceTreeNode bus, ulong baseAddress, uint phandle, int sources, params ReadOnlySpan<uint> hartInterruptControllers)
    {
        ArgumentNullException.ThrowIfNull(bus);
        uint[] interrupts = new uint[hartInterruptControllers.Length * 4];
        for (int i = 0; i < hartInterruptControllers.Length; i++)
        {
            interrupts[i * 4] = interrupts[(i * 4) + 2] = hartInterruptControllers[i];
            interrupts[(i * 4) + 1] = MachineExternalInterrupt;
            interrupts[(i * 4) + 3] = SupervisorExternalInterrupt;
        }

        return bus.AddChild($"plic@{baseAddress:x}")
            .Set("compatible", "sifive,plic-1.0.0", "riscv,plic0")
            .SetPairs("reg", baseAddress, WindowSize)
            .SetCells("interrupts-extended", interrupts)
            .Set("interrupt-controller")
            .SetCells("#interrupt-cells", 1)
            .SetCells("#address-cells", 0)
            .SetCells("riscv,ndev", (uint)sources)
            .SetCells("phandle", phandle);
    }

    private static bool IsAccess(ulong offset, int size) => size == 4 && offset % 4 == 0 && offset < WindowSize;

    private static bool IsSet(uint[] bits, uint source) => (bits[source / 32] & (1u << (int)(source % 32))) != 0;

    private uint ReadWord(ulong offset)
    {
        if (offset < PendingBase)
        {
            ulong source = offset / 4;
            return source < (ulong)_priority.Length ? _priority[source] : 0;
        }

        if (offset < EnableBase)
        {
            ulong word = (offset - PendingBase) / 4;
            return word < (ulong)_words ? _pending[word] : 0;
        }

        if (offset < ContextBase)
        {
            return EnableWord(offset, out Context? owner, out int index) ? owner!.Enable[index] : 0;
        }

        if (!ContextRegister(offset, out Context? context, out ulong register))
        {
            return 0;
        }

        return register switch
        {
            Threshold => context!.Threshold,
            ClaimComplete => Claim(context!),
            _ => 0,
        };
    }

    private void WriteWord(ulong offset, uint value)
    {
        if (offset < PendingBase)
        {
            ulong source = offset / 4;
            if (source > 0 && source < (ulong)_priority.Length)
            {
                _priority[source] = value & MaximumPriority;
                UpdateAll();
            }
        }
        else if (offset < EnableBase)
        {
            // Pending bits are read-only.
        }
        else if (offset < ContextBase)
        {
            if (EnableWord(offset, out Context? owner, out int index))
            {
                owner!.Enable[index] = value & _validSources[index];
                Update(owner);
            }
        }
        else if (ContextRegister(offset, out Context? context, out ulong register))
        {
            if (register == Threshold)
            {
                context!.Threshold = value & MaximumPriority;
                Update(context);
            }
            else if (register == ClaimComplete)
            {
                Complete(context!, value);
            }
        }
    }

    private bool EnableWord(ulong offset, out Context? context, out int index)
    {
        ulong number = (offset - EnableBase) / EnableStride;
        index = (int)((offset - EnableBase) % EnableStride / 4);
        context = number < (ulong)_contexts.Length ? _contexts[number] : null;
        return context is not null && index < _words;
    }

    private bool ContextRegister(ulong offset, out Context? context, out ulong register)
    {
        ulong number = (offset - ContextBase) / ContextStride;
        register = (offset - ContextBase) % ContextStride;
        context = number < (ulong)_contexts.Length ? _contexts[number] : null;
        return context is not null;
    }

    private uint Claim(Context context)
    {
        uint source = Best(context, out _);
        if (source != 0)
        {
            uint bit = 1u << (int)(source % 32);
            _pending[source / 32] &= ~bit;
            _inService[source / 32] |= bit;
            UpdateAll();
        }

        return source;
    }

    private void Complete(Context context, uint source)
    {
        if (source > (uint)Sources || !IsSet(context.Enable, source) || !IsSet(_inService, source))
        {
            return;
        }

        uint bit = 1u << (int)(source % 32);
        _inService[source / 32] &= ~bit;
        if (IsSet(_level, source))
        {
            _pending[source / 32] |= bit;
            UpdateAll();
        }
    }

    private void SetLevel(int source, bool level)
    {
        uint bit = 1u << (source % 32);
        int word = source / 32;
        lock (_lock)
        {
            if (!level)
            {
                _level[word] &= ~bit;
                return;
            }

            _level[word] |= bit;
            if ((_inService[word] & bit) == 0 && (_pending[word] & bit) == 0)
            {
                _pending[word] |= bit;
                UpdateAll();
            }
        }
    }

    private void UpdateAll()
    {
        foreach (Context context in _contexts)
        {
            Update(context);
        }
    }

    private void Update(Context context)
    {
        _ = Best(context, out uint priority);
        context.Drive(priority > context.Threshold);
    }

    /// <summary>The pending, enabled source of highest priority, the lowest number among equals; 0 if there is none above priority 0.</summary>
    private uint Best(Context context, out uint priority)
    {
        uint best = 0;
        priority = 0;
        for (int word = 0; word < _words; word++)
        {
            for (uint bits = _pending[word] & context.Enable[word]; bits != 0; bits &= bits - 1)
            {
                uint source = (uint)((word * 32) + BitOperations.TrailingZeroCount(bits));
                if (_priority[source] > priority)
                {
                    best = source;
                    priority = _priority[source];
                }
            }
        }

        return best;
    }

    private sealed class Context(IInterruptLine line, int words)
    {
        private bool _driven;

        public uint[] Enable { get; } = new uint[words];

        public uint Threshold { get; set; }

        public void Drive(bool level)
        {
            if (_driven != level)
            {
                _driven = level;
                line.Set(level);
            }
        }
    }

    private sealed class SourceLine(Plic plic, int number) : IInterruptLine
    {
        public void Set(bool level) => plic.SetLevel(number, level);
    }
}
