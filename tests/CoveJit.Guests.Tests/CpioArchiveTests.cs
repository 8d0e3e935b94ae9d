using System.Diagnostics;
using System.Text;
using CoveJit.Guests.Cpio;

namespace CoveJit.Guests.Tests;

public sealed class CpioArchiveTests
{
    [Fact]
    public void Golden_bytes_of_one_file()
    {
        CpioArchive archive = new();
        archive.AddFile("a", "hi\n"u8.ToArray());

        string expected =
            "070701" + "00000001" + "000081A4" + "00000000" + "00000000" + "00000001" + "00000000" + "00000003"
            + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000" + "a\0" + "hi\n\0"
            + "070701" + "00000000" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000"
            + "00000000" + "00000000" + "00000000" + "00000000" + "0000000B" + "00000000" + "TRAILER!!!\0" + "\0\0\0";
        Assert.Equal(expected, Encoding.ASCII.GetString(Bytes(archive)));
    }

    [Fact]
    public void What_is_written_is_read_back_sorted_with_parents_before_children()
    {
        CpioArchive archive = new();
        archive.AddFile("usr/bin/tool", new byte[] { 1, 2, 3, 4, 5 }, executable: true);
        archive.AddSymbolicLink("bin", "usr/bin");
        archive.AddCharacterDevice("dev/console", 5, 1, 0x180);
        archive.AddFile("usr/bin.txt", Array.Empty<byte>());

        IReadOnlyList<CpioEntry> read = CpioArchive.Read(Bytes(archive));

        Assert.Equal(["bin", "dev", "dev/console", "usr", "usr/bin", "usr/bin.txt", "usr/bin/tool"], read.Select(e => e.Path));
        Assert.Equal([1, 2, 3, 4, 5], read[6].Content.ToArray());
        Assert.Equal(CpioEntry.TypeRegular | 0x1EDu, read[6].Mode);
        Assert.Equal("usr/bin", Encoding.UTF8.GetString(read[0].Content.Span));
        Assert.Equal((CpioEntry.TypeCharacterDevice | 0x180u, 5u, 1u), (read[2].Mode, read[2].DeviceMajor, read[2].DeviceMinor));
        Assert.Equal(CpioEntry.TypeDirectory | 0x1EDu, read[3].Mode);
    }

    [Fact]
    public void The_order_of_calls_does_not_change_the_bytes()
    {
        CpioArchive one = new();
        one.AddFile("x/b", "b"u8.ToArray());
        one.AddFile("x/a", "a"u8.ToArray());
        CpioArchive other = new();
        other.AddFile("x/a", "a"u8.ToArray());
        other.AddDirectory("x");
        other.AddFile("x/b", "b"u8.ToArray());

        Assert.Equal(Bytes(one), Bytes(other));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("./a")]
    [InlineData("a/")]
    [InlineData("TRAILER!!!")]
    public void Paths_that_mean_something_else_are_refused(string path)
    {
        Assert.Throws<ArgumentException>(() => new CpioArchive().AddFile(path, default));
    }

    [Fact]
    public void Every_cut_of_an_archive_is_reported()
    {
        CpioArchive archive = new();
        archive.AddFile("a", "hello"u8.ToArray());
        byte[] bytes = Bytes(archive);

        // The last three bytes only pad the trailer.
        for (int length = 0; length < bytes.Length - 4; length++)
        {
            Assert.Throws<InvalidDataException>(() => CpioArchive.Read(bytes.AsMemory(0, length)));
        }
    }

    [Fact]
    public void A_foreign_cpio_understands_the_archive()
    {
        if (!File.Exists("/usr/bin/cpio"))
        {
            return;
        }

        CpioArchive archive = new();
        archive.AddFile("etc/hostname", "covejit\n"u8.ToArray());
        archive.AddSymbolicLink("bin/sh", "busybox");
        using Process cpio = Process.Start(new ProcessStartInfo("/usr/bin/cpio", ["--list", "--quiet"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        archive.WriteTo(cpio.StandardInput.BaseStream);
        cpio.StandardInput.Close();

        Assert.Equal("bin\nbin/sh\netc\netc/hostname\n", cpio.StandardOutput.ReadToEnd());
        cpio.WaitForExit();
        Assert.Equal(0, cpio.ExitCode);
    }

    private static byte[] Bytes(CpioArchive archive)
    {
        using MemoryStream stream = new();
        archive.WriteTo(stream);
        return stream.ToArray();
    }
}
