using CoveJit.Harts;
using CoveJit.Machines.Htif;
using CoveJit.Machines.Loading;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;

namespace CoveJit.Machines;

/// <summary>Running a bare-metal ELF that reports through tohost (riscv-tests, riscv-arch-test).</summary>
public sealed partial class Machine
{
    private void StartHtif(string path)
    {
        GuestFile file = GuestFile.Read("--htif", path, Ram.Size);
        LoadedImage image = ImageLoader.LoadProgram(file, new RamWriter(Ram, Ram.Size));
        Symbols = image.Symbols;
        if (!image.Symbols.TryGetAddress("tohost", out ulong tohost))
        {
            throw new LoadException($"{file.Display} has no symbol tohost", "give a program that speaks HTIF, with its symbols; others boot with --bios");
        }

        if (!Ram.Contains(tohost, 8) || (tohost & 7) != 0)
        {
            throw new LoadException($"{file.Display} has tohost at 0x{tohost:x}, not an aligned word of RAM", "link it for RAM at 0x80000000");
        }

        ulong fromhost = image.Symbols.TryGetAddress("fromhost", out ulong f) ? f : 0;
        RamDmaPort dma = new(Ram);
        HtifProtocol protocol = new(dma, tohost, fromhost, text => _host.ConsoleWrite(text.Span));
        Ram.AddObserver(new ToHostWatch(this, protocol, dma));
        Ram.SetFlags(tohost, PageFlags.Watched);
        foreach (Hart hart in _harts)
        {
            hart.Reset(image.EntryPoint);
        }
    }

    /// <summary>Symbols of the program that runs under HTIF, of the kernel, or of the firmware: of the first that is an ELF with symbols.</summary>
    public SymbolTable Symbols { get; private set; } = SymbolTable.Empty;

    /// <summary>Writes the memory between begin_signature and end_signature as riscv-arch-test wants it.</summary>
    public void WriteSignature(TextWriter output) =>
        SignatureWriter.Write(Symbols, new RamDmaPort(Ram), Options.SignatureGranularity, output);

    private sealed class ToHostWatch(Machine machine, HtifProtocol protocol, IDmaPort memory) : IPageWriteObserver
    {
        private readonly Lock _lock = new();

        public void OnWrite(ulong address, int length, PageFlags flags)
        {
            if ((flags & PageFlags.Watched) == 0 || address + (ulong)length <= protocol.ToHost || address >= protocol.ToHost + 8)
            {
                return;
            }

            lock (_lock)
            {
                Span<byte> bytes = stackalloc byte[8];
                memory.TryRead(protocol.ToHost, bytes);
                HtifAction action = protocol.Handle(BitConverter.ToUInt64(bytes));
                if (action.Exits)
                {
                    machine.End(new MachineEnd(MachineEndKind.Exit, action.ExitCode));
                }
            }
        }
    }
}
