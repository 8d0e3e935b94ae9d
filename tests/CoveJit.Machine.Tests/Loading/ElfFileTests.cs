using System.Buffers.Binary;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

public sealed class ElfFileTests
{
    [Fact]
    public void Segments_are_loaded_at_their_physical_addresses_and_the_rest_is_zeroed()
    {
        FakeMemory memory = new(1 << 20);
        memory.Bytes.AsSpan().Fill(0xee);
        LoadedImage image = ImageLoader.LoadProgram(Samples.File(Samples.SmallElf()), memory);

        Assert.Equal(0x80000004UL, image.EntryPoint);
        Assert.Equal(0x80000000UL, image.Start);
        Assert.Equal(0x80001020UL, image.End);
        Assert.False(memory.At(0x80000000, 64).ContainsAnyExcept((byte)1));
        Assert.False(memory.At(0x80000040, 64).ContainsAnyExcept((byte)0));
        Assert.Equal(0xee, memory.At(0x80000080, 1)[0]);
        Assert.False(memory.At(0x80001000, 32).ContainsAnyExcept((byte)2));
    }

    [Fact]
    public void A_virtual_entry_point_becomes_physical()
    {
        byte[] elf = Samples.Elf([(0x80200000, 0xffffffff80000000, 64, 64)], 0xffffffff80000010);
        LoadedImage image = ImageLoader.LoadKernel(Samples.File(elf), new FakeMemory(4 << 20), 0x80200000);
        Assert.Equal(0x80200010UL, image.EntryPoint);
    }

    [Fact]
    public void A_position_independent_file_linked_at_zero_goes_where_it_is_told()
    {
        byte[] elf = Samples.Elf([(0, 0, 64, 64)], 8);
        elf[Samples.ElfType] = 3;
        FakeMemory memory = new(4 << 20);
        LoadedImage image = ImageLoader.LoadFirmware(Samples.File(elf), memory, 0x80000000);
        Assert.Equal(0x80000008UL, image.EntryPoint);
        Assert.Equal(1, memory.At(0x80000000, 1)[0]);
    }

    [Fact]
    public void Symbols_are_found_by_name_and_by_address()
    {
        byte[] elf = Samples.SmallElf(("_start", 0x80000000, 8), ("tohost", 0x80001000, 8), ("trap", 0x80000010, 0), ("$x", 0x80000010, 0));
        SymbolTable symbols = ElfFile.Parse(Samples.File(elf)).Symbols;

        Assert.True(symbols.TryGetAddress("tohost", out ulong address));
        Assert.Equal(0x80001000UL, address);
        Assert.False(symbols.TryGetAddress("toho", out _));
        Assert.False(symbols.TryGetAddress("fromhost", out _));
        Assert.Equal("_start", symbols.Symbolize(0x80000000));
        Assert.Equal("_start+0x4", symbols.Symbolize(0x80000004));
        Assert.Equal("0x80000008", symbols.Symbolize(0x80000008));
        Assert.Equal("trap+0x20", symbols.Symbolize(0x80000030));
        Assert.Equal("0x7fffffff", symbols.Symbolize(0x7fffffff));
    }

    [Theory]
    [InlineData(18, 62, "x86-64")]
    [InlineData(18, 183, "AArch64")]
    [InlineData(4, 1, "32-bit")]
    [InlineData(5, 2, "not for RISC-V")]
    [InlineData(16, 1, "not an executable")]
    [InlineData(56, 0, "no program headers")]
    [InlineData(56, 200, "truncated")]
    [InlineData(54, 8, "impossible shape")]
    [InlineData(64, 2, "no loadable segment")]
    public void A_wrong_field_is_named(int offset, byte value, string expected)
    {
        byte[] elf = Samples.Elf([(0x80000000, 0x80000000, 64, 128)], 0x80000004);
        elf[offset] = value;
        Assert.Contains(expected, Refusal(elf), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 0xffff_ffff_ffff_fff0, "truncated")]
    [InlineData(32, 1000, "larger in the file")]
    [InlineData(40, 0x2000_0000_0000_0000, "--memory")]
    [InlineData(40, 0xffff_ffff_ffff_ffff, "wraps around")]
    [InlineData(40, 0x2000, "overlap")]
    [InlineData(24, 0x1000, "outside of RAM")]
    public void A_wrong_program_header_is_named(int offset, ulong value, string expected)
    {
        byte[] elf = Samples.SmallElf();
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(Samples.ElfProgramHeaders + offset), value);
        Assert.Contains(expected, Refusal(offset == 40 && value == 0x2000_0000_0000_0000 ? LastSegmentHuge(value) : elf), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_point_outside_every_segment_is_refused()
    {
        byte[] elf = Samples.SmallElf();
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(Samples.ElfEntry), 0x12345678);
        Assert.Contains("entry point 0x12345678", Refusal(elf), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_refused_or_costs_symbols_only()
    {
        byte[] elf = Samples.SmallElf(("tohost", 0x80001000, 8));
        int needed = 64 + (2 * 56) + 64 + 32;
        for (int length = 0; length < elf.Length; length++)
        {
            GuestFile file = Samples.File(elf[..length]);
            if (length < needed)
            {
                Assert.Throws<LoadException>(() => ImageLoader.LoadProgram(file, new FakeMemory(1 << 16)));
            }
            else
            {
                Assert.Equal(0, ImageLoader.LoadProgram(file, new FakeMemory(1 << 16)).Symbols.Count);
            }
        }
    }

    private static byte[] LastSegmentHuge(ulong size)
    {
        byte[] elf = Samples.SmallElf();
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(Samples.ElfProgramHeaders + 56 + 40), size);
        return elf;
    }

    private static string Refusal(byte[] elf) =>
        Assert.Throws<LoadException>(() => ImageLoader.LoadProgram(Samples.File(elf), new FakeMemory(1 << 16))).Message;
}
