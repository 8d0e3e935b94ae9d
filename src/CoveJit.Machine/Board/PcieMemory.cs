using System.Buffers.Binary;
using CoveJit.Devices.Pcie;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>
/// Where PCIe functions' requests end: RAM, and interrupt files, to which an aligned write of 4 bytes is a message. Other devices are out of reach, so no
/// function can be made to talk to another, or to itself.
/// </summary>
internal sealed class PcieMemory(IDmaPort ram, InterruptControllers interrupts) : IPcieUpstream
{
    /// <inheritdoc/>
    public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) => ram.TryRead(address, destination);

    /// <inheritdoc/>
    public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) =>
        ram.TryWrite(address, source)
        || (source.Length == sizeof(uint) && address % sizeof(uint) == 0 && interrupts.TrySend(address, BinaryPrimitives.ReadUInt32LittleEndian(source), request.Trusted));
}
