using CoveJit.Memory.Physical;

namespace CoveJit.Tsm.Running;

/// <summary>
/// The memory that a hart of the host's shares with the TSM (SBI 3.0, "Nested Acceleration Extension", structure of the shared memory): general
/// registers and CSRs of exits. Pinned: it stays the host's as long as it is set.
/// </summary>
internal sealed class SharedMemory(GuestRam ram, ulong address)
{
    /// <summary>Pages of 4 KiB: one of scratch space, two of CSRs.</summary>
    public const ulong Pages = 3;

    private const ulong CsrSpace = 0x1000;

    public ulong Address => address;

    /// <summary>Reads or writes a general register.</summary>
    public ulong this[int register]
    {
        get => Read((ulong)register * sizeof(ulong));
        set => Write((ulong)register * sizeof(ulong), value);
    }

    public void Read(ulong offset, Span<byte> bytes) => ram.TryRead(address + offset, bytes);

    public void Write(ulong offset, ReadOnlySpan<byte> bytes) => ram.TryWrite(address + offset, bytes);

    public ulong ReadCsr(uint number) => Read(OffsetOf(number));

    public void WriteCsr(uint number, ulong value) => Write(OffsetOf(number), value);

    /// <summary>Where a CSR is: the index has bits 11:10 and 7:0 of its number.</summary>
    internal static ulong OffsetOf(uint number) => CsrSpace + (sizeof(ulong) * (((number & 0xC00) >> 2) | (number & 0xFF)));

    private ulong Read(ulong offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ram.TryRead(address + offset, bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private void Write(ulong offset, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(bytes, value);
        ram.TryWrite(address + offset, bytes);
    }
}
