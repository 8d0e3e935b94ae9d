using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Virtio;

/// <summary>RAM behind a DMA port, as the machine would give it to a device.</summary>
internal sealed class FakeRam(int size) : IDmaPort
{
    public const ulong Base = 0x8000_0000;

    private readonly byte[] _bytes = new byte[size];

    public Span<byte> At(ulong address, int length) => _bytes.AsSpan((int)(address - Base), length);

    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!Contains(address, destination.Length))
        {
            return false;
        }

        At(address, destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!Contains(address, source.Length))
        {
            return false;
        }

        source.CopyTo(At(address, source.Length));
        return true;
    }

    public ushort Get16(ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(At(address, 2));

    public uint Get32(ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(At(address, 4));

    public void Set16(ulong address, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(At(address, 2), value);

    public void Set32(ulong address, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(At(address, 4), value);

    public void Set64(ulong address, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(At(address, 8), value);

    private bool Contains(ulong address, int length) =>
        address >= Base && address - Base <= (ulong)_bytes.Length && (ulong)length <= (ulong)_bytes.Length - (address - Base);
}
