using System.Buffers.Binary;

namespace CoveJit.Machines.Board;

/// <summary>
/// OpenSBI's <c>struct fw_dynamic_info</c>, version 2 (OpenSBI documentation, "OpenSBI Firmware with Dynamic Information"):
/// tells fw_dynamic what to start next. Firmware that does not know it ignores a2.
/// </summary>
/// <param name="NextAddress">next_addr: physical address of the next stage; 0 if there is none.</param>
/// <param name="BootHart">boot_hart: the hart that boots.</param>
public readonly record struct FwDynamicInfo(ulong NextAddress, ulong BootHart)
{
    /// <summary>Size of the structure in bytes.</summary>
    public const int Size = 48;

    private const ulong Magic = 0x4942534f;
    private const ulong Version = 2;
    private const ulong NextModeSupervisor = 1;
    private const ulong NoOptions = 0;

    /// <summary>Writes the structure.</summary>
    public void WriteTo(Span<byte> destination)
    {
        ReadOnlySpan<ulong> fields = [Magic, Version, NextAddress, NextModeSupervisor, NoOptions, BootHart];
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(i * 8)..], fields[i]);
        }
    }
}
