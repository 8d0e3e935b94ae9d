using System.Buffers.Binary;

namespace CoveJit.Machines.Board;

/// <summary>
/// The reset vector at <see cref="VirtMemoryMap.Mrom"/>, where every hart starts under <c>--bios</c>: it jumps to the firmware
/// with a0 = mhartid, a1 = the device tree, a2 = <see cref="FwDynamicInfo"/>, which is what OpenSBI's fw_dynamic and fw_jump expect.
/// </summary>
public static class BootRom
{
    private const int FirmwareSlot = 24;
    private const int DeviceTreeSlot = 32;
    private const int InfoSlot = 40;

    private static readonly uint[] Code =
    [
        0x00000297, // auipc t0, 0
        0x02828613, // addi  a2, t0, 40   (InfoSlot)
        0xf1402573, // csrr  a0, mhartid
        0x0202b583, // ld    a1, 32(t0)   (DeviceTreeSlot)
        0x0182b283, // ld    t0, 24(t0)   (FirmwareSlot)
        0x00028067, // jr    t0
    ];

    /// <summary>The ROM's content.</summary>
    /// <param name="firmware">Physical address of the firmware's first instruction.</param>
    /// <param name="deviceTree">Physical address of the device tree blob.</param>
    /// <param name="info">What fw_dynamic is to start.</param>
    public static byte[] Build(ulong firmware, ulong deviceTree, FwDynamicInfo info)
    {
        byte[] rom = new byte[InfoSlot + FwDynamicInfo.Size];
        for (int i = 0; i < Code.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rom.AsSpan(i * 4), Code[i]);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(rom.AsSpan(FirmwareSlot), firmware);
        BinaryPrimitives.WriteUInt64LittleEndian(rom.AsSpan(DeviceTreeSlot), deviceTree);
        info.WriteTo(rom.AsSpan(InfoSlot));
        return rom;
    }
}
