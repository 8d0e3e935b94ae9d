using System.Runtime.InteropServices;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>The ways between managed and native code: entry, exits, and what native code calls.</summary>
internal sealed unsafe class NativeRuntime
{
    // Caller-saved host registers that hold guest registers: kept across a fill.
    private static readonly Register[] Volatile = [Register.Rsi, Register.Rdi, Register.R8, Register.R9, Register.R10, Register.R11];
    private static readonly Register[] CalleeSaved = [Register.Rbp, Register.Rbx, Register.R12, Register.R13, Register.R14, Register.R15];

    /// <summary>Writes the fixed code at the start of a code cache's memory for native code.</summary>
    public NativeRuntime(CodeCache code, Assembler assembler)
    {
        code.EnableHostCode(0);
        assembler.Position = code.HostCode;
        EmitEnter(assembler); // first, where EnterBlock finds it: it must be the code of the hart's own machine
        ExitAt = assembler.Position;
        EmitExits(assembler);
        Fill = assembler.Position;
        EmitFill(assembler);
        Execute = assembler.Position;
        EmitExecute(assembler);
        code.EnableHostCode((nint)Miss);
        End = assembler.Position;
    }

    /// <summary>Leaves at the page offset in rax with the exit in edx.</summary>
    public byte* ExitAt { get; }

    /// <summary>Leaves at the page offset in rax, to go on in whatever way.</summary>
    public byte* Miss { get; private set; }

    /// <summary>Leaves at the virtual address in rax, to go on in whatever way.</summary>
    public byte* ExitTo { get; private set; }

    /// <summary>Fills the TLB for the address in rax; ecx is the access type and, above 8 bits, the size. ecx tells whether it hits now; rax stays.</summary>
    public byte* Fill { get; }

    /// <summary>Executes the decoded instruction rcx points to, at the page offset in rax; eax is its <see cref="Flow"/>.</summary>
    public byte* Execute { get; }

    /// <summary>Behind the fixed code.</summary>
    public byte* End { get; }

    /// <summary>What <see cref="Block.Entry"/> is for a block with native code.</summary>
    public static nint ManagedEntry => (nint)(delegate*<HartState*, Block*, TranslatedExit>)&EnterBlock;

    private static TranslatedExit EnterBlock(HartState* state, Block* block)
    {
        state->PageBase = state->Pc & ~0xFFFUL;
        int exit = ((delegate* unmanaged<HartState*, nint, int>)(state->Arena + CodeCache.HostCodeStart))(state, block->Native);
        if ((state->Mxcsr & 63) != 0)
        {
            state->Fflags |= HostFloat.FlagsOf(state->Mxcsr);
        }

        return (TranslatedExit)exit;
    }

    [UnmanagedCallersOnly]
    private static int FillTranslation(HartState* state, ulong address, int access) =>
        ((Hart)GCHandle.FromIntPtr(state->Hart).Target!).TryFill(address, access >> 8, (AccessType)(access & 0xFF)) ? 1 : 0;

    [UnmanagedCallersOnly]
    private static int ExecuteInstruction(HartState* state, DecodedInstruction* instruction) =>
        (int)((Hart)GCHandle.FromIntPtr(state->Hart).Target!).Execute(instruction);

    private static void EmitEnter(Assembler assembler)
    {
        foreach (Register register in CalleeSaved)
        {
            assembler.Push(register);
        }

        assembler.Op(Alu.Sub, Register.Rsp, 8);
        assembler.Lea(Register.Rbp, new Mem(Register.Rdi, PinnedRegisters.Bias));
        assembler.Move(Register.Rdx, Register.Rsi);
        assembler.Load(Register.Rax, PinnedRegisters.Field(StateLayout.Pc));
        assembler.Op(Alu.And, Register.Rax, 0xFFF, wide: false);
        assembler.LoadMxcsr(PinnedRegisters.Field(StateLayout.MxcsrClear));
        assembler.Load(PinnedRegisters.Bank, PinnedRegisters.Field(StateLayout.DataBank));
        LoadPinned(assembler);
        assembler.JumpTo(Register.Rdx);
    }

    private void EmitExits(Assembler assembler)
    {
        // ExitAt
        Label common = new();
        assembler.Op(Alu.Add, Register.Rax, PinnedRegisters.Field(StateLayout.PageBase));
        assembler.Mark(common);
        assembler.Store(PinnedRegisters.Field(StateLayout.Pc), Register.Rax);
        StorePinned(assembler);
        assembler.StoreMxcsr(PinnedRegisters.Field(StateLayout.Mxcsr));
        assembler.Move(Register.Rax, Register.Rdx, wide: false);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        foreach (Register register in CalleeSaved.Reverse())
        {
            assembler.Pop(register);
        }

        assembler.Return();
        Miss = assembler.Position;
        assembler.MoveConstant(Register.Rdx, (int)TranslatedExit.Continue);
        assembler.Jump(ExitAt);
        ExitTo = assembler.Position;
        assembler.MoveConstant(Register.Rdx, (int)TranslatedExit.Continue);
        assembler.Jump(common);
    }

    private static void EmitFill(Assembler assembler)
    {
        foreach (Register register in Volatile)
        {
            assembler.Push(register);
        }

        assembler.Op(Alu.Sub, Register.Rsp, 24);
        assembler.Store(new Mem(Register.Rsp, 8), Register.Rax);
        assembler.StoreMxcsr(new Mem(Register.Rsp, 0));
        assembler.Lea(Register.Rdi, new Mem(Register.Rbp, -PinnedRegisters.Bias));
        assembler.Move(Register.Rsi, Register.Rax);
        assembler.Move(Register.Rdx, Register.Rcx);
        assembler.MoveConstant(Register.Rax, (nint)(delegate* unmanaged<HartState*, ulong, int, int>)&FillTranslation);
        assembler.CallTo(Register.Rax);
        assembler.Move(Register.Rcx, Register.Rax, wide: false);
        assembler.LoadMxcsr(new Mem(Register.Rsp, 0));
        assembler.Load(Register.Rax, new Mem(Register.Rsp, 8));
        assembler.Op(Alu.Add, Register.Rsp, 24);
        foreach (Register register in Volatile.Reverse())
        {
            assembler.Pop(register);
        }

        assembler.Return();
    }

    private static void EmitExecute(Assembler assembler)
    {
        assembler.Op(Alu.Sub, Register.Rsp, 8);
        assembler.Op(Alu.Add, Register.Rax, PinnedRegisters.Field(StateLayout.PageBase));
        assembler.Store(PinnedRegisters.Field(StateLayout.Pc), Register.Rax);
        StorePinned(assembler);
        assembler.StoreMxcsr(PinnedRegisters.Field(StateLayout.Mxcsr));
        assembler.Lea(Register.Rdi, new Mem(Register.Rbp, -PinnedRegisters.Bias));
        assembler.Move(Register.Rsi, Register.Rcx);
        assembler.MoveConstant(Register.Rax, (nint)(delegate* unmanaged<HartState*, DecodedInstruction*, int>)&ExecuteInstruction);
        assembler.CallTo(Register.Rax);
        assembler.LoadMxcsr(PinnedRegisters.Field(StateLayout.Mxcsr));
        LoadPinned(assembler);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Return();
    }

    private static void LoadPinned(Assembler assembler)
    {
        foreach ((int guest, Register host) in PinnedRegisters.All)
        {
            assembler.Load(host, PinnedRegisters.Field(StateLayout.X(guest)));
        }
    }

    private static void StorePinned(Assembler assembler)
    {
        foreach ((int guest, Register host) in PinnedRegisters.All)
        {
            assembler.Store(PinnedRegisters.Field(StateLayout.X(guest)), host);
        }
    }
}
