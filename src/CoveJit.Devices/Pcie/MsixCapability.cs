using System.Buffers.Binary;

namespace CoveJit.Devices.Pcie;

/// <summary>
/// MSI-X (PCI Local Bus 3.0, section 6.8.2): a table of messages and an array of pending bits in the range of a base address register. Table and array
/// have pages of their own, so that they can be kept from a guest that the rest of the range is passed through to.
/// </summary>
/// <param name="vectors">Messages, 1 to 256.</param>
/// <param name="bar">Index of the base address register.</param>
/// <param name="offset">Offset of the table in its range, a multiple of 4096; the array follows a page later.</param>
public sealed class MsixCapability(int vectors, int bar, ulong offset) : IPcieCapability
{
    /// <summary>Bytes that table and array take of the range.</summary>
    public const ulong WindowSize = 2 * PageSize;

    private const byte Id = 0x11;
    private const int Size = 12;
    private const uint ControlEnable = 1 << 15;
    private const uint ControlMask = 1 << 14;
    private const ulong PageSize = 0x1000;
    private const int EntrySize = 16;
    private const int EntryControl = 12;
    private const uint EntryMasked = 1;

    private readonly byte[] _table = new byte[vectors * EntrySize];
    private readonly ulong[] _pending = new ulong[(vectors + 63) / 64];
    private PcieFunction? _function;
    private ConfigurationRegister? _control;

    /// <summary>MSI-X Enable.</summary>
    public bool IsEnabled => _control!.Has(ControlEnable);

    /// <summary>Number of messages.</summary>
    public int Vectors => vectors;

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        _function = function;
        ConfigurationSpace space = function.Configuration;
        int at = space.AddCapability(Id, Size);
        _control = space.Add(at + 2, 2, (uint)vectors - 1, ControlEnable | ControlMask, written: _ =>
        {
            SendPending();
            function.DriveInterrupt();
        });
        space.Add(at + 4, 4, (uint)offset | (uint)bar);
        space.Add(at + 8, 4, (uint)(offset + PageSize) | (uint)bar);
        Reset();
    }

    /// <summary>Message Control.</summary>
    internal ushort MessageControl => (ushort)_control!.Value;

    /// <summary>Message Control and the table.</summary>
    internal byte[] LockedState => [(byte)MessageControl, (byte)(MessageControl >> 8), .. _table];

    /// <summary>Masks every message and forgets what is pending.</summary>
    internal void Reset()
    {
        _table.AsSpan().Clear();
        for (int i = 0; i < vectors; i++)
        {
            _table[(i * EntrySize) + EntryControl] = (byte)EntryMasked;
        }

        _pending.AsSpan().Clear();
    }

    /// <summary>Whether a place is of the table or of the array.</summary>
    internal bool Owns(int index, ulong at) => index == bar && at - offset < WindowSize;

    /// <summary>0 for a place of the table, 1 for one of the array.</summary>
    internal int PageOf(ulong at) => (int)((at - offset) / PageSize);

    internal ulong Read(ulong at, int size)
    {
        at -= offset;
        if (at >= PageSize)
        {
            ulong bit = (at - PageSize) * 8;
            return bit / 64 < (ulong)_pending.Length ? (_pending[bit / 64] >> (int)(bit % 64)) & (size == sizeof(ulong) ? ulong.MaxValue : (1UL << (8 * size)) - 1) : 0;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        if (at + (ulong)size <= (ulong)_table.Length)
        {
            _table.AsSpan((int)at, size).CopyTo(bytes);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    internal void Write(ulong at, int size, ulong value)
    {
        at -= offset;
        if (at + (ulong)size > (ulong)_table.Length || size < sizeof(uint))
        {
            return; // the array is read-only; entries are written by 4 or 8 bytes
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(_table.AsSpan((int)at));
        SendPending((int)at / EntrySize);
    }

    /// <summary>Sends a message, or makes it pending while it or the function is masked.</summary>
    internal void Signal(int vector)
    {
        if ((uint)vector >= (uint)vectors)
        {
            return;
        }

        ReadOnlySpan<byte> entry = _table.AsSpan(vector * EntrySize, EntrySize);
        if (_control!.Has(ControlMask) || (entry[EntryControl] & EntryMasked) != 0)
        {
            _pending[vector / 64] |= 1UL << (vector % 64);
            return;
        }

        _function!.SendMessage(BinaryPrimitives.ReadUInt64LittleEndian(entry) & ~3UL, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
    }

    private void SendPending()
    {
        for (int i = 0; i < vectors && IsEnabled; i++)
        {
            SendPending(i);
        }
    }

    private void SendPending(int vector)
    {
        ulong bit = 1UL << (vector % 64);
        if (IsEnabled && (_pending[vector / 64] & bit) != 0)
        {
            _pending[vector / 64] &= ~bit;
            Signal(vector);
        }
    }
}
