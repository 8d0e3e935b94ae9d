using CoveJit.Memory.Physical;
using CoveJit.Translator.X64.Assembly;

namespace CoveJit.Translator.X64.Tests.Semantics;

/// <summary>Emitted code between the loading of all registers from cells and their storing back. rbp points at the cells and rsp is the host's.</summary>
internal sealed unsafe class HostFunction : IDisposable
{
    private const ulong CodeSize = 1 << 16;
    private const int RegisterCount = 16;

    private static readonly Register[] CalleeSaved = [Register.Rbp, Register.Rbx, Register.R12, Register.R13, Register.R14, Register.R15];
    private static readonly Register[] Free = [.. Enum.GetValues<Register>().Where(register => register is not (Register.Rsp or Register.Rbp))];

    private readonly NativeMemoryBlock _memory = new(CodeSize + 4096);

    public HostFunction() => _memory.MakeExecutable(0, CodeSize);

    /// <summary>The registers by number, then some words of memory.</summary>
    public Span<ulong> Cells => new(_memory.Pointer + CodeSize, 64);

    /// <summary>A word of memory as the code names it.</summary>
    public static Mem Word(int index) => new(Register.Rbp, (RegisterCount + index) * 8);

    public static int CellOfWord(int index) => RegisterCount + index;

    /// <summary>Replaces the code.</summary>
    /// <returns>Bytes of what <paramref name="emit"/> emitted.</returns>
    public int Write(Action<Assembler> emit)
    {
        Assembler assembler = new() { Position = _memory.Pointer };
        Array.ForEach(CalleeSaved, assembler.Push);
        assembler.Move(Register.Rbp, Register.Rdi);
        Array.ForEach(Free, register => assembler.Load(register, new Mem(Register.Rbp, (int)register * 8)));
        byte* start = assembler.Position;
        emit(assembler);
        int length = (int)(assembler.Position - start);
        Array.ForEach(Free, register => assembler.Store(new Mem(Register.Rbp, (int)register * 8), register));
        Array.ForEach([.. CalleeSaved.Reverse()], assembler.Pop);
        assembler.Return();
        return length;
    }

    public void Run()
    {
        fixed (ulong* cells = Cells)
        {
            ((delegate* unmanaged<ulong*, void>)_memory.Pointer)(cells);
        }
    }

    public void Dispose() => _memory.Dispose();
}
