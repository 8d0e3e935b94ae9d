using System.Buffers.Binary;
using CoveJit.TeeIo.Ide;

namespace CoveJit.Devices.Pcie.Security;

/// <summary>
/// A port's end of IDE (PCIe, "Integrity and Data Encryption"): the extended capability with one selective stream, keys, counters. Registers follow the
/// function's gate; everything else is guarded by <see cref="Gate"/>, which is taken after any function's gate, and under which none is taken.
/// </summary>
/// <param name="ofRoot">Whether it is a root port's end: its registers are the root domain security manager's (CoVE-IO, "PCIe Root Port IDE Extended
/// Capability"). Software reads ones, and its writes are dropped.</param>
public sealed class IdePort(bool ofRoot = false) : IPcieCapability, IDisposable
{
    /// <summary>Offset of the first register of the selective stream from the capability's start.</summary>
    public const int StreamOffset = 0x0C;

    /// <summary>Offset of IDE Selective Stream Control: bit 0 enable, 31:24 stream ID.</summary>
    public const int ControlOffset = StreamOffset + 4;

    /// <summary>Offset of IDE Selective Stream Status: 3:0 state (0 insecure, 2 secure), bit 31 an integrity check has failed.</summary>
    public const int StatusOffset = StreamOffset + 8;

    private const ushort Id = 0x30;
    private const int Size = StreamOffset + 20 + 12; // one block of addresses
    private const uint SelectiveSupported = 1 << 1;
    private const uint KeyManagementSupported = 1 << 6;
    private const uint TeeLimitedSupported = 1 << 24;
    private const uint StreamEnable = 1;
    private const uint StreamControls = 0xFFF8_0001; // enable, traffic class, default stream, TEE-limited, stream ID
    private const int StreamIdShift = 24;
    private const uint StatusSecure = 2;
    private const uint StatusFailed = 1u << 31;

    private PcieFunction? _function;
    private ConfigurationSpace? _space;
    private ConfigurationRegister? _control;
    private readonly ConfigurationRegister[] _association = new ConfigurationRegister[IdeStreamDescriptor.Masks.Length];
    private int _at;
    private IdeStream? _stream;

    /// <summary>Guards keys and counters.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The port's keys. Guarded by <see cref="Gate"/>.</summary>
    public IdeKeyTable Keys { get; } = new();

    /// <summary>Whether the stream has been enabled.</summary>
    public bool IsEnabled => _control!.Has(StreamEnable);

    /// <summary>The stream's number.</summary>
    public byte StreamId => (byte)(_control!.Value >> StreamIdShift);

    /// <summary>Whether the stream is enabled, all its keys are in use, and nothing has gone wrong.</summary>
    public bool IsSecure
    {
        get
        {
            lock (Gate)
            {
                return IsEnabled && Stream.IsSecure;
            }
        }
    }

    /// <summary>Whether a requester is one that the stream is for, by the registers of association.</summary>
    public bool IsFor(RequesterId requester) => IdeStreamDescriptor.IsFor(_association[0].Value, _association[1].Value, requester);

    /// <summary>The port's end of the stream. It begins anew when software disables the stream. <see cref="Gate"/> is held.</summary>
    internal IdeStream Stream
    {
        get
        {
            if (_stream is null || _stream.StreamId != StreamId)
            {
                _stream?.Dispose();
                _stream = new IdeStream(StreamId, Keys);
            }

            return _stream;
        }
    }

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = function;
        _space = function.Configuration;
        _at = _space.AddExtendedCapability(Id, version: 1, Size);
        Add(0x04, SelectiveSupported | KeyManagementSupported | TeeLimitedSupported);
        Add(0x08);
        Add(StreamOffset, 1);
        _control = Add(ControlOffset, writable: StreamControls, written: OnControl);
        Add(StatusOffset, read: ReadStatus);
        for (int i = 0; i < _association.Length; i++)
        {
            _association[i] = Add(StreamOffset + 12 + (4 * i), writable: IdeStreamDescriptor.Masks[i]);
        }
    }

    /// <summary>Status of the stream, as in the register.</summary>
    public uint Status => ReadStatus();

    /// <summary>Writes the stream's registers, and disables it: of a root port, by the root domain security manager.</summary>
    public void Program(IdeStreamDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_function!.Gate)
        {
            SetControl((uint)descriptor.StreamId << StreamIdShift);
            for (int i = 0; i < _association.Length; i++)
            {
                _association[i].Value = descriptor.Registers[i];
            }
        }
    }

    /// <summary>Enables or disables the stream: of a root port, by the root domain security manager.</summary>
    public void Enable(bool on)
    {
        lock (_function!.Gate)
        {
            SetControl((_control!.Value & ~StreamEnable) | (on ? StreamEnable : 0));
        }
    }

    /// <summary>Forgets the ciphers.</summary>
    public void Dispose() => _stream?.Dispose();

    /// <summary>The registers from the second on, as QUERY_RESP of IDE_KM has them. The function's gate is held.</summary>
    internal byte[] ReadRegisters()
    {
        byte[] registers = new byte[Size - 4];
        for (int offset = 0; offset < registers.Length; offset += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(registers.AsSpan(offset), _space!.Read(_at + 4 + offset, 4));
        }

        return registers;
    }

    private void SetControl(uint value)
    {
        uint before = _control!.Value;
        _control.Value = value;
        OnControl(new RegisterWrite(before, value, value));
    }

    private ConfigurationRegister Add(int offset, uint reset = 0, uint writable = 0, Action<RegisterWrite>? written = null, Func<uint>? read = null) => ofRoot
        ? _space!.Add(_at + offset, 4, reset, read: static () => uint.MaxValue)
        : _space!.Add(_at + offset, 4, reset, writable, written: written, read: read);

    // A stream that failed is used again after software has disabled it, with new keys.
    private void OnControl(RegisterWrite write)
    {
        if ((write.Changed & (StreamEnable | (0xFFu << StreamIdShift))) != 0 && (write.Before & StreamEnable) != 0)
        {
            lock (Gate)
            {
                _stream?.Dispose();
                _stream = null;
            }
        }
    }

    private uint ReadStatus()
    {
        lock (Gate)
        {
            return (IsEnabled && Stream.IsSecure ? StatusSecure : 0) | (IsEnabled && Stream.HasFailed ? StatusFailed : 0);
        }
    }
}
