using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit info</c>: what this build is, where it runs, and the board it models.</summary>
internal static class InfoCommand
{
    private const int SchemaVersion = 1;

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
        output.WriteLine($"defaults --smp {defaults.Harts} --memory {ByteSize.Format(defaults.MemorySize)}");
        output.WriteLine();
        output.WriteLine("Memory map:");
        output.WriteLine(VirtMemoryMap.Print(defaults.MemorySize));
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
