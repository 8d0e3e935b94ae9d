using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Iommu;

/// <summary>
/// Interrupts: pending bits (ipsr), which vector each uses (icvec), and what a vector is, a wire or a message (msi_cfg_tbl). The IOMMU's lock is held.
/// </summary>
/// <param name="wires">A wire for each vector.</param>
/// <param name="send">Sends a message: address, data; false if it was refused.</param>
internal sealed class IommuInterrupts(IReadOnlyList<IInterruptLine> wires, Func<ulong, uint, bool> send)
{
    public const uint Command = 1 << 0;
    public const uint Fault = 1 << 1;
    public const uint Performance = 1 << 2;

    /// <summary>Vectors.</summary>
    public const int Vectors = 4;

    private const int Sources = 3;
    private const uint Masked = 1;
    private const int EntrySize = 16;

    private readonly byte[] _table = new byte[Vectors * EntrySize];
    private uint _waiting; // messages held back by their masks
    private ulong _vectors;

    /// <summary>ipsr.</summary>
    public uint Pending { get; private set; }

    /// <summary>Whether interrupts are wires (fctl.WSI).</summary>
    public bool UsesWires { get; private set; }

    /// <summary>icvec: two bits of each field count.</summary>
    public ulong Assignment
    {
        get => _vectors;
        set
        {
            _vectors = value & 0x333;
            DriveWires();
        }
    }

    /// <summary>Called when a message was refused.</summary>
    public Action<ulong>? Refused { get; set; }

    public void SetMode(bool wires)
    {
        UsesWires = wires;
        DriveWires();
    }

    /// <summary>Sets pending bits.</summary>
    public void Raise(uint bits)
    {
        uint fresh = bits & ~Pending;
        Pending |= bits;
        DriveWires();
        for (int source = 0; source < Sources && !UsesWires; source++)
        {
            if ((fresh & (1u << source)) != 0)
            {
                Send(VectorOf(source));
            }
        }
    }

    /// <summary>Clears pending bits.</summary>
    public void Clear(uint bits)
    {
        Pending &= ~bits;
        DriveWires();
    }

    public uint ReadTable(int offset) => offset + sizeof(uint) <= _table.Length ? BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan(offset)) : 0;

    public void WriteTable(int offset, uint value)
    {
        const uint LowAddress = ~3u;
        const uint HighAddress = 0x00FF_FFFF;
        if (offset + sizeof(uint) > _table.Length)
        {
            return;
        }

        value &= (offset % EntrySize) switch { 0 => LowAddress, 4 => HighAddress, 12 => Masked, _ => uint.MaxValue };
        BinaryPrimitives.WriteUInt32LittleEndian(_table.AsSpan(offset), value);
        int vector = offset / EntrySize;
        if ((_waiting & (1u << vector)) != 0)
        {
            Send(vector);
        }
    }

    private void Send(int vector)
    {
        ReadOnlySpan<byte> entry = _table.AsSpan(vector * EntrySize, EntrySize);
        if ((entry[12] & Masked) != 0)
        {
            _waiting |= 1u << vector;
            return;
        }

        _waiting &= ~(1u << vector);
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(entry);
        if (!send(address, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..])))
        {
            Refused?.Invoke(address);
        }
    }

    private int VectorOf(int source) => (int)(_vectors >> (4 * source)) & (Vectors - 1);

    private void DriveWires()
    {
        uint levels = 0;
        for (int source = 0; source < Sources && UsesWires; source++)
        {
            levels |= (Pending & (1u << source)) != 0 ? 1u << VectorOf(source) : 0;
        }

        for (int vector = 0; vector < wires.Count; vector++)
        {
            wires[vector].Set((levels & (1u << vector)) != 0);
        }
    }
}
