using System.Globalization;
using CoveJit.Machines.Loading;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Htif;

/// <summary>
/// Writes a test's signature as riscv-arch-test compares it: the memory from <c>begin_signature</c> to <c>end_signature</c>, one
/// group of <c>--signature-granularity</c> bytes a line, most significant byte first.
/// </summary>
public static class SignatureWriter
{
    /// <summary>Largest signature accepted, in bytes: a guard against nonsensical symbols.</summary>
    public const ulong Limit = 256UL << 20;

    /// <summary>Writes the signature.</summary>
    /// <param name="symbols">The test's symbols.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="granularity">Bytes a line: 1, 2, 4, 8 or 16.</param>
    /// <param name="output">Where the lines go.</param>
    /// <exception cref="LoadException">The ELF has no signature, or it lies outside memory.</exception>
    public static void Write(SymbolTable symbols, IDmaPort memory, int granularity, TextWriter output)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(granularity);
        if (!symbols.TryGetAddress("begin_signature", out ulong begin) || !symbols.TryGetAddress("end_signature", out ulong end))
        {
            throw new LoadException("the test has no begin_signature and end_signature symbols", "link it with them, or leave --signature out");
        }

        if (end < begin || end - begin > Limit)
        {
            throw new LoadException($"the test's signature range 0x{begin:x}-0x{end:x} makes no sense", "check its link script");
        }

        byte[] group = new byte[granularity];
        for (ulong address = begin; address < end; address += (ulong)granularity)
        {
            // The last group is filled with zeros if the range is no multiple of the granularity.
            int length = (int)Math.Min((ulong)granularity, end - address);
            Array.Clear(group);
            if (!memory.TryRead(address, group.AsSpan(0, length)))
            {
                throw new LoadException($"the test's signature at 0x{address:x} lies outside of memory", "check its link script");
            }

            for (int i = granularity - 1; i >= 0; i--)
            {
                output.Write(group[i].ToString("x2", CultureInfo.InvariantCulture));
            }

            output.Write('\n');
        }
    }
}
