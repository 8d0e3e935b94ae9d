using System.Text.Json;
using CoveJit.Cli.Commands;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Tests;

public sealed class CommandTests
{
    [Theory]
    [InlineData("               0:  00000297  auipc t0, 0x0\n", "00000297")]
    [InlineData("               0:  8082      jalr zero, 0(ra)\n", "0x8082")]
    [InlineData("        80000000:  c0102573  csrrs a0, time, zero\n", "c0102573", "--address", "0x80000000")]
    [InlineData("               0:  ffffffff  .word 0xffffffff\n               4:  0000      .half 0x0000\n", "ffffffff", "0000")]
    public void Words_are_disassembled(string expected, params string[] arguments) =>
        Assert.Equal((0, expected, string.Empty), Invoke(["disasm", .. arguments]));

    [Fact]
    public void Raw_code_is_disassembled_to_its_last_byte()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [0x82, 0x80, 0x97, 0x02]);
            Assert.Equal(
                (0, "              10:  8082      jalr zero, 0(ra)\n              12:  (cut off)\n", string.Empty), Invoke("disasm", "--raw", path, "--address", "16"));
            (int code, _, string error) = Invoke("disasm", path);
            Assert.Equal(1, code);
            Assert.EndsWith("is no ELF file; add --raw if it holds nothing but code\n", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(2, "--address 3 is no address", "disasm", "8082", "--address", "3")]
    [InlineData(2, "there is no guest 'foo' to make; give one or more of default, disk, bench", "guest", "build", "foo")]
    [InlineData(2, "--program /x is given without the guest it goes into", "guest", "build", "--program", "/x")]
    [InlineData(2, "unknown command 'biuld'; did you mean 'build'?", "guest", "biuld")]
    [InlineData(1, "disasm /nonexistent does not exist", "disasm", "/nonexistent")]
    public void A_mistake_is_one_line(int code, string expected, params string[] arguments)
    {
        (int actual, string output, string error) = Invoke(arguments);
        Assert.Equal((code, string.Empty), (actual, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Info_names_the_instruction_set()
    {
        (_, string json, _) = Invoke("info", "--json");
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.StartsWith("rv64imafdch_", document.RootElement.GetProperty("isa").GetString(), StringComparison.Ordinal);
        Assert.Contains(document.RootElement.GetProperty("isa_extensions").EnumerateArray(), e => e.GetString() == "sstc");
    }

    [Fact]
    public void A_named_guest_gives_files_drive_and_arguments()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("covejit-test-");
        try
        {
            string path = Path.Combine(directory.FullName, "g.json");
            File.WriteAllText(
                path, """{"schema":1,"name":"g","kernel":"g/k","initrd":"g/i","disk":"g/d","append":"root=/dev/vda rw","readyMarker":"r","manifest":"m"}""");
            MachineOptions options = GuestSelection.Select(new MachineOptions { Append = "quiet", Drives = [new DriveOptions("more.img")] }, path);
            Assert.Equal(Path.Combine(directory.FullName, "g/k"), options.Kernel);
            Assert.Equal(Path.Combine(directory.FullName, "g/i"), options.Initrd);
            Assert.Equal("root=/dev/vda rw quiet", options.Append);
            Assert.Equal([Path.Combine(directory.FullName, "g/d"), "more.img"], options.Drives.Select(d => d.Path));

            File.WriteAllText(path, "{");
            Assert.Contains("is not a guest description; ", Assert.Throws<LoadException>(() => GuestSelection.Select(new MachineOptions(), path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_kernel_or_no_guest_at_all_leaves_the_options_alone()
    {
        MachineOptions kernel = new() { Kernel = "k" };
        Assert.Same(kernel, GuestSelection.Select(kernel, null));
        MachineOptions firmware = new() { Firmware = "f" };
        Assert.Same(firmware, GuestSelection.Select(firmware, "none"));
    }

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        int code = CommandLineHost.Invoke(
            CommandLineHost.Root(GuestCommand.Build(), DisassembleCommand.Build(), InfoCommand.Build()), arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
