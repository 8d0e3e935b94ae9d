using CoveJit.Machines.Loading;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Tests;

/// <summary>Guest RAM as a plain array; counts the bytes written, so that tests can bound a loader's work.</summary>
internal sealed class FakeMemory(int size, ulong start = 0x80000000) : IGuestMemoryWriter, IDmaPort
{
    public byte[] Bytes { get; } = new byte[size];

    public long Written { get; private set; }

    public ulong Base => start;

    public ulong Size => (ulong)size;

    public bool TryWrite(ulong address, ReadOnlySpan<byte> data)
    {
        if (!Contains(address, data.Length))
        {
            return false;
        }

        Written += data.Length;
        data.CopyTo(Bytes.AsSpan((int)(address - start)));
        return true;
    }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!Contains(address, destination.Length))
        {
            return false;
        }

        Bytes.AsSpan((int)(address - start), destination.Length).CopyTo(destination);
        return true;
    }

    public ReadOnlySpan<byte> At(ulong address, int length) => Bytes.AsSpan((int)(address - start), length);

    private bool Contains(ulong address, int length) =>
        address >= start && address - start <= (ulong)size && (ulong)length <= (ulong)size - (address - start);
}
