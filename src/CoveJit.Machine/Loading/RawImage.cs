namespace CoveJit.Machines.Loading;

/// <summary>Plain machine code without a header. Only firmware may be this: for a kernel it would mean running any wrong file.</summary>
public static class RawImage
{
    /// <summary>Refuses what is plainly not machine code.</summary>
    /// <exception cref="LoadException">The file is text, or begins with an instruction that is illegal on every RISC-V hart.</exception>
    public static void Check(GuestFile file)
    {
        ReadOnlySpan<byte> content = file.Content.Span;
        if (LinuxImage.ForeignKernel(content) is { } foreign)
        {
            throw new LoadException($"{file.Display} is {foreign}, not RISC-V firmware", "give an ELF or a flat binary such as OpenSBI's fw_dynamic.bin");
        }

        // All-zero and all-one bits are defined illegal (RISC-V unprivileged specification, 1.5).
        ushort first = content.Length < 2 ? (ushort)0 : System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(content);
        bool text = !content[..Math.Min(content.Length, 256)].ContainsAnyExcept(TextBytes);
        if (first is 0 or 0xffff || text)
        {
            throw new LoadException($"{file.Display} is not machine code", "give an ELF or a flat binary such as OpenSBI's fw_dynamic.bin");
        }
    }

    private static readonly System.Buffers.SearchValues<byte> TextBytes = System.Buffers.SearchValues.Create(
        [(byte)'\t', (byte)'\n', (byte)'\r', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c)]);
}
