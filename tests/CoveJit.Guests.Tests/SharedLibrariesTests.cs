using System.Buffers.Binary;

namespace CoveJit.Guests.Tests;

public sealed class SharedLibrariesTests
{
    [Fact]
    public void The_libraries_a_program_of_the_host_needs_are_named()
    {
        Assert.Contains("libc.so.6", SharedLibraries.NeededBy(File.ReadAllBytes("/bin/sh")));
    }

    [Fact]
    public void A_file_without_a_dynamic_section_needs_none()
    {
        byte[] file = new byte[64];
        "\u007fELF\u0002\u0001"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(0x28), 64);
        Assert.Empty(SharedLibraries.NeededBy(file));
    }

    [Fact]
    public void What_is_no_ELF_file_or_is_cut_off_is_refused()
    {
        byte[] whole = File.ReadAllBytes("/bin/sh");
        Assert.Throws<InvalidDataException>(() => SharedLibraries.NeededBy("#!/bin/sh"u8));
        Assert.Throws<InvalidDataException>(() => SharedLibraries.NeededBy(whole.AsSpan(0, whole.Length / 2)));
        Assert.Throws<InvalidDataException>(() => SharedLibraries.NeededBy([]));
    }
}
