using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using CoveJit.Guests;
using CoveJit.Machines;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit info</c>: what this build is, where it runs, and the board it models.</summary>
internal static class InfoCommand
{
    private const int SchemaVersion = 1;

    // What CoveJit runs, and what for.
    private static readonly (string Name, string Purpose)[] Tools =
    [
        ("apt-get", "needed by guest build: Debian package apt"),
        ("dpkg-deb", "needed by guest build: Debian package dpkg"),
        ("mke2fs", "needed by guest build disk: Debian package e2fsprogs"),
        ("riscv64-linux-gnu-gcc", "needed by guest build bench and vmm: Debian package gcc-riscv64-linux-gnu"),
    ];

    public static Command Build()
    {
        Option<bool> json = new("--json") { Description = "Print JSON" };
        Command command = new("info", "Show version, host and the machine's memory map") { json };
        command.SetAction(result => Print(result.InvocationConfiguration.Output, result.GetValue(json)));
        return command;
    }

    private static void Print(TextWriter output, bool json)
    {
        string version = typeof(InfoCommand).Assembly.GetName().Version!.ToString(3);
        MachineOptions defaults = new();
        if (json)
        {
            PrintJson(output, version, defaults);
            return;
        }

        output.WriteLine($"covejit {version}");
        output.WriteLine($"host     {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors");
        output.WriteLine($"runtime  {RuntimeInformation.FrameworkDescription}");
        foreach ((string tool, string purpose) in Tools)
        {
            output.WriteLine($"tool     {tool}: {FindTool(tool) ?? $"not installed ({purpose})"}");
        }

        output.WriteLine($"library  libslirp.so.0: {(HasSlirp() ? "found" : "not installed (needed by --net user: Debian package libslirp0)")}");
        output.WriteLine($"guests   {GuestBuilderOptions.DefaultOutputDirectory}");
        output.WriteLine($"cache    {GuestBuilderOptions.DefaultCacheDirectory}");
        HartDescription hart = Machine.DescribeHart(defaults);
        output.WriteLine($"isa      {hart.IsaString}");
        output.WriteLine($"mmu      {hart.MmuType}");
        output.WriteLine($"defaults --smp {defaults.Harts} --memory {ByteSize.Format(defaults.MemorySize)}");
        output.WriteLine();
        output.WriteLine("Memory map:");
        output.WriteLine(VirtMemoryMap.Print(defaults.MemorySize));
    }

    private static string? FindTool(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);

    private static bool HasSlirp()
    {
        if (!NativeLibrary.TryLoad("libslirp.so.0", out nint library))
        {
            return false;
        }

        NativeLibrary.Free(library);
        return true;
    }

    private static void PrintJson(TextWriter output, string version, MachineOptions defaults)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema_version", SchemaVersion);
            writer.WriteString("version", version);
            writer.WriteString("host_os", RuntimeInformation.OSDescription);
            writer.WriteString("host_architecture", RuntimeInformation.ProcessArchitecture.ToString());
            writer.WriteNumber("host_processors", Environment.ProcessorCount);
            writer.WriteString("runtime", RuntimeInformation.FrameworkDescription);
            writer.WriteStartObject("tools");
            foreach ((string tool, _) in Tools)
            {
                writer.WriteString(tool, FindTool(tool));
            }

            writer.WriteEndObject();
            writer.WriteBoolean("libslirp_found", HasSlirp());
            writer.WriteString("guest_directory", GuestBuilderOptions.DefaultOutputDirectory);
            writer.WriteString("cache_directory", GuestBuilderOptions.DefaultCacheDirectory);
            HartDescription hart = Machine.DescribeHart(defaults);
            writer.WriteString("isa", hart.IsaString);
            writer.WriteStartArray("isa_extensions");
            foreach (string extension in hart.ExtensionNames)
            {
                writer.WriteStringValue(extension);
            }

            writer.WriteEndArray();
            writer.WriteString("mmu", hart.MmuType);
            writer.WriteNumber("default_harts", defaults.Harts);
            writer.WriteNumber("default_memory_bytes", defaults.MemorySize);
            writer.WriteStartArray("memory_map");
            foreach (BoardRegion region in VirtMemoryMap.Table)
            {
                writer.WriteStartObject();
                writer.WriteString("name", region.Name);
                writer.WriteNumber("base", region.Base);
                writer.WriteNumber("size_bytes", region.Size);
                writer.WriteNumber("count", region.Count);
                writer.WriteNumber("irq", region.Interrupt);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
