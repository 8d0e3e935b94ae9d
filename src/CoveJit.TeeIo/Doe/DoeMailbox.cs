using System.Buffers.Binary;

namespace CoveJit.TeeIo.Doe;

/// <summary>
/// The registers of a DOE instance as software sees them (PCIe, "Data Object Exchange Extended Capability"). A request is answered while
/// GO is written, so BUSY is never seen. Offsets are from the start of the extended capability; all accesses are of four bytes. Wrong use
/// sets DOE Error until DOE Abort.
/// </summary>
public sealed class DoeMailbox
{
    /// <summary>DOE Capabilities.</summary>
    public const int CapabilitiesOffset = 0x04;

    /// <summary>DOE Control: bit 0 Abort, bit 1 Interrupt Enable, bit 31 Go.</summary>
    public const int ControlOffset = 0x08;

    /// <summary>DOE Status: bit 0 Busy, bit 1 Interrupt Status, bit 2 Error, bit 31 Data Object Ready.</summary>
    public const int StatusOffset = 0x0C;

    /// <summary>DOE Write Data Mailbox.</summary>
    public const int WriteOffset = 0x10;

    /// <summary>DOE Read Data Mailbox.</summary>
    public const int ReadOffset = 0x14;

    private const uint ControlAbort = 1;
    private const uint ControlInterruptEnable = 2;
    private const uint ControlGo = 1u << 31;
    private const uint StatusInterrupt = 2;
    private const uint StatusError = 4;
    private const uint StatusReady = 1u << 31;

    private readonly Func<ReadOnlyMemory<byte>, byte[]?> _respond;
    private readonly int _limit;
    private readonly Action? _interrupt;
    private readonly List<byte> _request = [];
    private byte[] _response = [];
    private int _position;
    private bool _interruptEnabled;
    private bool _interruptStatus;
    private bool _error;

    /// <summary>Makes a mailbox.</summary>
    /// <param name="respond">Answers a data object, or returns null if it cannot.</param>
    /// <param name="limit">The largest request that is kept, in bytes.</param>
    /// <param name="interrupt">Called when an interrupt is to be sent; null if interrupts are not supported.</param>
    public DoeMailbox(Func<ReadOnlyMemory<byte>, byte[]?> respond, int limit = 64 * 1024, Action? interrupt = null)
    {
        _respond = respond;
        _limit = limit;
        _interrupt = interrupt;
    }

    /// <summary>Reads a register.</summary>
    /// <param name="offset">Its offset.</param>
    public uint Read(int offset) => offset switch
    {
        CapabilitiesOffset => _interrupt is null ? 0u : 1,
        ControlOffset => _interruptEnabled ? ControlInterruptEnable : 0,
        StatusOffset => (_interruptStatus ? StatusInterrupt : 0) | (_error ? StatusError : 0) | (IsReady ? StatusReady : 0),
        ReadOffset => IsReady ? BinaryPrimitives.ReadUInt32LittleEndian(_response.AsSpan(_position)) : 0,
        _ => 0,
    };

    /// <summary>Writes a register.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="value">The value.</param>
    public void Write(int offset, uint value)
    {
        switch (offset)
        {
            case ControlOffset:
                _interruptEnabled = _interrupt is not null && (value & ControlInterruptEnable) != 0;
                if ((value & ControlAbort) != 0)
                {
                    Abort();
                }
                else if ((value & ControlGo) != 0)
                {
                    Go();
                }

                break;

            case StatusOffset when (value & StatusInterrupt) != 0:
                _interruptStatus = false;
                break;

            case WriteOffset:
                Append(value);
                break;

            // Any write moves on to the next word.
            case ReadOffset when IsReady:
                _position += DataObject.WordSize;
                break;

            case ReadOffset:
                Fail();
                break;
        }
    }

    /// <summary>Forgets everything, as a reset of the function does.</summary>
    public void Reset()
    {
        Abort();
        _interruptEnabled = false;
        _interruptStatus = false;
    }

    private bool IsReady => !_error && _position < _response.Length;

    private void Append(uint value)
    {
        // While a response waits to be read, or after an error, there is no place for a request.
        if (_error || IsReady || _request.Count >= _limit)
        {
            Fail();
            return;
        }

        Span<byte> word = stackalloc byte[DataObject.WordSize];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        _request.AddRange(word);
    }

    private void Go()
    {
        if (_error || IsReady)
        {
            Fail();
            return;
        }

        byte[]? response = _respond(_request.ToArray());
        _request.Clear();
        if (response is null)
        {
            Fail();
            return;
        }

        _response = response;
        _position = 0;
        Interrupt();
    }

    private void Abort()
    {
        _request.Clear();
        _response = [];
        _position = 0;
        _error = false;
    }

    private void Fail()
    {
        Abort();
        _error = true;
        Interrupt();
    }

    private void Interrupt()
    {
        _interruptStatus = true;
        if (_interruptEnabled)
        {
            _interrupt?.Invoke();
        }
    }
}
