using System.Numerics;
using System.Runtime.InteropServices;

namespace CoveJit.Translator.X64.Cache;

/// <summary>CRC-32C, which the host computes by eight bytes at a time. Against accidents, not against forgery: who may write the files is checked elsewhere.</summary>
internal static class Checksum
{
    /// <summary>The checksum of some bytes, continued from another one.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint from = uint.MaxValue)
    {
        uint crc = from;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte rest in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return crc;
    }
}
