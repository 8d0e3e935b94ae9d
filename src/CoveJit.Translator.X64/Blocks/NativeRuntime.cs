using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
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
    private static readonly Register[] CallerSaved = [Register.Rsi, Register.Rdi, Register.R8, Register.R9, Register.R10, Register.R11];
    private static readonly Register[] CalleeSaved = [Register.Rbp, Register.Rbx, Register.R12, Register.R13, Register.R14, Register.R15];

    // Leaves at the virtual address in rax, to go on in whatever way, or with the exit in edx.
    private byte* _exitTo;
    private byte* _exitWith;

    /// <summary>Writes the fixed code at the start of a code cache's memory for native code.</summary>
    public NativeRuntime(CodeCache code, Assembler assembler)
    {
        code.EnableHostCode(0);
        assembler.Position = code.HostCode; // where EnterBlock finds the entry
        EmitEnter(assembler);
        ExitAt = assembler.Position;
        EmitExits(assembler);
        Fill = assembler.Position;
        EmitFill(assembler);
        Lookup = assembler.Position;
        EmitLookup(assembler);
        Execute = assembler.Position;
        EmitExecute(assembler);
        ExecuteLast = assembler.Position;
        EmitExecuteLast(assembler);
        code.EnableHostCode((nint)Miss);
        End = assembler.Position;
    }

    /// <summary>Leaves at the page offset in rax with the exit in edx.</summary>
    public byte* ExitAt { get; }

    /// <summary>Leaves as the <see cref="ExitRecord"/> in ecx says.</summary>
    public byte* ExitBy { get; private set; }

    /// <summary>Leaves at the page offset in the low bits of rax, to go on in whatever way.</summary>
    public byte* Miss { get; private set; }

    /// <summary>
    /// Called: fills the TLB for the address in rax, which stays; edx is the access type and, above 8 bits, the size. If the access does not hit
    /// now, leaves as the <see cref="ExitRecord"/> in ecx says.
    /// </summary>
    public byte* Fill { get; }

    /// <summary>
    /// Called: finds what the virtual address in rax leads to, through the TLB and the page's table of blocks: rdx is a block, rax has its page
    /// offset in its low bits, and the jump cache knows it from now on. Leaves at the address if the hart is wanted elsewhere, or if there is no
    /// block.
    /// </summary>
    public byte* Lookup { get; }

    /// <summary>Executes the decoded instruction rcx points to, at the page offset in rax; eax is its <see cref="Flow"/>.</summary>
    public byte* Execute { get; }

    /// <summary>
    /// Executes the decoded instruction rcx points to, the last of its block, at the page offset in rax; edx is the <see cref="ExitRecord"/> of a leave
    /// to the interpreter before it. Returns if the instruction behind it is next, and goes elsewhere otherwise.
    /// </summary>
    public byte* ExecuteLast { get; }

    /// <summary>Behind the fixed code.</summary>
    public byte* End { get; }

    /// <summary>The places in the fixed code, by their distance from its start: the same for code that may be exchanged.</summary>
    public int[] Layout(CodeCache code) =>
        [(int)(ExitAt - code.HostCode), (int)(ExitBy - code.HostCode), (int)(Miss - code.HostCode), (int)(Fill - code.HostCode), (int)(Lookup - code.HostCode), (int)(Execute - code.HostCode), (int)(ExecuteLast - code.HostCode), (int)(End - code.HostCode)];

    /// <summary>What <see cref="Block.Entry"/> is for a block with native code.</summary>
    public static nint ManagedEntry => (nint)(delegate*<HartState*, Block*, TranslatedExit>)&EnterBlock;

    /// <summary>From an address, of which the page offset counts, to the place of its entry in the jump cache: less <see cref="TlbBank.JumpOffset"/>.</summary>
    public static void EmitJumpEntry(Assembler assembler, Register register)
    {
        assembler.ShiftBy(Shift.Left, register, 3, wide: false);
        assembler.Op(Alu.And, register, (TlbBank.JumpEntries - 1) << 4, wide: false);
        assembler.Op(Alu.Add, register, PinnedRegisters.Field(StateLayout.FetchBank));
    }

    private static TranslatedExit EnterBlock(HartState* state, Block* block)
    {
        state->PageBase = state->Pc & ~0xFFFUL;
        int exit = ((delegate* unmanaged<HartState*, nint, int>)(state->Arena + CodeCache.HostCodeStart))(state, Volatile.Read(ref block->Native));
        if ((state->Mxcsr & HostFloat.MxcsrFlags) != 0)
        {
            state->Fflags |= HostFloat.FlagsOf(state->Mxcsr);
        }

        return (TranslatedExit)exit;
    }

    // The handle is always a hart's own.
    private static Hart HartOf(HartState* state) => Unsafe.As<Hart>(GCHandle.FromIntPtr(state->Hart).Target!);

    // No exception may unwind native code, which would end the process: the run loop throws it again, before the hart executes anything else.
    private static Flow Fail(HartState* state, Exception exception)
    {
        HartOf(state).Post(_ => ExceptionDispatchInfo.Throw(exception));
        return Flow.Leave;
    }

#pragma warning disable CA1031 // See Fail: whatever it is.
    [UnmanagedCallersOnly]
    private static int FillTranslation(HartState* state, ulong address, int access)
    {
        try
        {
            return HartOf(state).TryFill(address, access >> 8, (AccessType)(access & 0xFF)) ? 1 : 0;
        }
        catch (Exception e)
        {
            Fail(state, e);
            return 0;
        }
    }

    [UnmanagedCallersOnly]
    private static int ExecuteInstruction(HartState* state, DecodedInstruction* instruction)
    {
        try
        {
            return (int)HartOf(state).Execute(instruction);
        }
        catch (Exception e)
        {
            return (int)Fail(state, e);
        }
    }

    [UnmanagedCallersOnly]
    private static int ExecuteLastInstruction(HartState* state, DecodedInstruction* instruction)
    {
        try
        {
            return (int)ExecuteAtEnd(state, instruction);
        }
        catch (Exception e)
        {
            return (int)Fail(state, e);
        }
    }
#pragma warning restore CA1031

    private static Flow ExecuteAtEnd(HartState* state, DecodedInstruction* instruction)
    {
        // It may be one that reads or writes fflags.
        if ((state->Mxcsr & HostFloat.MxcsrFlags) != 0)
        {
            state->Fflags |= HostFloat.FlagsOf(state->Mxcsr);
            state->Mxcsr &= ~HostFloat.MxcsrFlags;
        }

        return HartOf(state).ExecuteLast(instruction);
    }

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
        assembler.Load(PinnedRegisters.Remaining, PinnedRegisters.Field(StateLayout.Remaining));
        LoadPinned(assembler);
        assembler.JumpTo(Register.Rdx);
    }

    private void EmitExits(Assembler assembler)
    {
        // ExitAt
        Label common = new();
        assembler.Op(Alu.Add, Register.Rax, PinnedRegisters.Field(StateLayout.PageBase));
        assembler.Mark(common);
        _exitWith = assembler.Position;
        assembler.Store(PinnedRegisters.Field(StateLayout.Pc), Register.Rax);
        assembler.Store(PinnedRegisters.Field(StateLayout.Remaining), PinnedRegisters.Remaining);
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
        assembler.Op(Alu.And, Register.Rax, 0xFFF, wide: false);
        assembler.MoveConstant(Register.Rdx, (int)TranslatedExit.Continue);
        assembler.Jump(ExitAt);
        _exitTo = assembler.Position;
        assembler.MoveConstant(Register.Rdx, (int)TranslatedExit.Continue);
        assembler.Jump(common);
        ExitBy = assembler.Position;
        assembler.Move(Register.Rax, Register.Rcx, wide: false);
        assembler.Op(Alu.And, Register.Rax, ExitRecord.OffsetMask, wide: false);
        assembler.Move(Register.Rdx, Register.Rcx, wide: false);
        assembler.ShiftBy(Shift.Right, Register.Rdx, ExitRecord.RefundShift, wide: false);
        assembler.Op(Alu.And, Register.Rdx, ExitRecord.RefundMask, wide: false);
        assembler.Op(Alu.Add, PinnedRegisters.Remaining, Register.Rdx);
        assembler.Move(Register.Rdx, Register.Rcx, wide: false);
        assembler.ShiftBy(Shift.Right, Register.Rdx, ExitRecord.ExitShift, wide: false);
        assembler.Jump(ExitAt);
    }

    private void EmitLookup(Assembler assembler)
    {
        int execute = (int)AccessType.Execute * TlbBank.ArraySize;
        Label leave = new();
        Label none = new();
        assembler.Op(Alu.Cmp, PinnedRegisters.Field(StateLayout.Attention), 0, wide: false);
        assembler.JumpIf(Condition.NotEqual, leave);
        assembler.Move(Register.Rcx, Register.Rax, wide: false);
        assembler.ShiftBy(Shift.Right, Register.Rcx, 8, wide: false);
        assembler.Op(Alu.And, Register.Rcx, (TlbBank.Entries - 1) << 4, wide: false);
        assembler.Op(Alu.Add, Register.Rcx, PinnedRegisters.Field(StateLayout.FetchBank));
        assembler.Move(Register.Rdx, Register.Rax);
        assembler.Op(Alu.And, Register.Rdx, ~0xFFF);
        assembler.Op(Alu.Cmp, Register.Rdx, new Mem(Register.Rcx, execute));
        assembler.JumpIf(Condition.NotEqual, leave);
        assembler.Store(PinnedRegisters.Field(StateLayout.PageBase), Register.Rdx);
        assembler.Load(Register.Rcx, new Mem(Register.Rcx, execute + sizeof(ulong)));
        assembler.Op(Alu.Add, Register.Rcx, Register.Rax);
        assembler.Op(Alu.Sub, Register.Rcx, PinnedRegisters.Field(StateLayout.Ram));
        assembler.ShiftBy(Shift.Right, Register.Rcx, 12);
        assembler.Load(Register.Rdx, PinnedRegisters.Field(StateLayout.CodeTables));
        assembler.Load(Register.Rdx, new Mem(Register.Rdx, 0, Register.Rcx, 3));
        assembler.Op(Alu.And, Register.Rax, 0xFFF, wide: false);
        assembler.Test(Register.Rdx, Register.Rdx);
        assembler.JumpIf(Condition.Equal, none);

        // table[offset >> 1], of 4 bytes each
        assembler.Load(Register.Rdx, new Mem(Register.Rdx, 0, Register.Rax, 1), wide: false);
        assembler.Test(Register.Rdx, Register.Rdx, wide: false);
        assembler.JumpIf(Condition.Equal, none);
        assembler.ShiftBy(Shift.Left, Register.Rdx, 4);
        assembler.Op(Alu.Add, Register.Rdx, PinnedRegisters.Field(StateLayout.Arena));
        assembler.Load(Register.Rcx, PinnedRegisters.Field(StateLayout.PageBase));
        assembler.Op(Alu.Add, Register.Rcx, Register.Rax);
        assembler.Push(Register.Rax);
        EmitJumpEntry(assembler, Register.Rax);
        assembler.Store(new Mem(Register.Rax, TlbBank.JumpOffset), Register.Rcx);
        assembler.Store(new Mem(Register.Rax, TlbBank.JumpOffset + sizeof(ulong)), Register.Rdx);
        assembler.Pop(Register.Rax);
        assembler.Return();
        assembler.Mark(leave);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Jump(_exitTo);
        assembler.Mark(none);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Jump(Miss);
    }

    private void EmitFill(Assembler assembler)
    {
        foreach (Register register in CallerSaved)
        {
            assembler.Push(register);
        }

        assembler.Op(Alu.Sub, Register.Rsp, 24);
        assembler.Store(new Mem(Register.Rsp, 16), Register.Rcx);
        assembler.Store(new Mem(Register.Rsp, 8), Register.Rax);
        assembler.StoreMxcsr(new Mem(Register.Rsp, 0));
        assembler.Lea(Register.Rdi, new Mem(Register.Rbp, -PinnedRegisters.Bias));
        assembler.Move(Register.Rsi, Register.Rax);
        assembler.MoveConstant(Register.Rax, (nint)(delegate* unmanaged<HartState*, ulong, int, int>)&FillTranslation);
        assembler.CallTo(Register.Rax);
        assembler.Move(Register.Rdx, Register.Rax, wide: false);
        assembler.LoadMxcsr(new Mem(Register.Rsp, 0));
        assembler.Load(Register.Rax, new Mem(Register.Rsp, 8));
        assembler.Load(Register.Rcx, new Mem(Register.Rsp, 16));
        assembler.Op(Alu.Add, Register.Rsp, 24);
        foreach (Register register in CallerSaved.Reverse())
        {
            assembler.Pop(register);
        }

        Label miss = new();
        assembler.Test(Register.Rdx, Register.Rdx, wide: false);
        assembler.JumpIf(Condition.Equal, miss);
        assembler.Return();
        assembler.Mark(miss);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Jump(ExitBy);
    }

    private static void EmitExecute(Assembler assembler)
    {
        assembler.Op(Alu.Sub, Register.Rsp, 8);
        EmitHandlerCall(assembler, &ExecuteInstruction);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Return();
    }

    // Calls managed code with the instruction that rcx points to, at the page offset in rax, and all state where it belongs; eax is what it returns.
    // The stack is aligned.
    private static void EmitHandlerCall(Assembler assembler, delegate* unmanaged<HartState*, DecodedInstruction*, int> handler)
    {
        assembler.Op(Alu.Add, Register.Rax, PinnedRegisters.Field(StateLayout.PageBase));
        assembler.Store(PinnedRegisters.Field(StateLayout.Pc), Register.Rax);
        StorePinned(assembler);
        assembler.StoreMxcsr(PinnedRegisters.Field(StateLayout.Mxcsr));
        assembler.Lea(Register.Rdi, new Mem(Register.Rbp, -PinnedRegisters.Bias));
        assembler.Move(Register.Rsi, Register.Rcx);
        assembler.MoveConstant(Register.Rax, (nint)handler);
        assembler.CallTo(Register.Rax);
        assembler.LoadMxcsr(PinnedRegisters.Field(StateLayout.Mxcsr));
        LoadPinned(assembler);
    }

    private void EmitExecuteLast(Assembler assembler)
    {
        Label away = new();
        Label elsewhere = new();
        Label interpret = new();
        assembler.Push(Register.Rdx);
        assembler.Store(PinnedRegisters.Field(StateLayout.Remaining), PinnedRegisters.Remaining);
        EmitHandlerCall(assembler, &ExecuteLastInstruction);
        assembler.Load(PinnedRegisters.Remaining, PinnedRegisters.Field(StateLayout.Remaining));
        assembler.Load(PinnedRegisters.Bank, PinnedRegisters.Field(StateLayout.DataBank));
        assembler.Pop(Register.Rcx);
        assembler.Test(Register.Rax, Register.Rax, wide: false);
        assembler.JumpIf(Condition.NotEqual, away);
        assembler.Return();

        // Not to be returned to: the return address goes.
        assembler.Mark(away);
        assembler.Op(Alu.Add, Register.Rsp, 8);
        assembler.Op(Alu.Cmp, Register.Rax, (int)Flow.Trap, wide: false);
        assembler.JumpIf(Condition.Equal, interpret);
        assembler.Move(Register.Rdx, Register.Rax, wide: false);
        assembler.Load(Register.Rax, PinnedRegisters.Field(StateLayout.Pc));
        assembler.Op(Alu.Cmp, Register.Rdx, (int)Flow.Redirect, wide: false);
        assembler.JumpIf(Condition.Equal, elsewhere);
        assembler.MoveConstant(Register.Rdx, (int)TranslatedExit.Leave);
        assembler.Jump(_exitWith);
        assembler.Mark(elsewhere);
        assembler.Call(Lookup);
        assembler.JumpThrough(new Mem(Register.Rdx, StateLayout.BlockNative));
        assembler.Mark(interpret);
        assembler.Jump(ExitBy);
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
