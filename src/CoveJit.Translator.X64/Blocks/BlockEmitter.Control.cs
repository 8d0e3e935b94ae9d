using CoveJit.Harts.Code;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>Edges, jumps and exits.</summary>
internal sealed unsafe partial class BlockEmitter
{
    private void EmitBranch(in DecodedInstruction instruction)
    {
        int target = _blockOffset + instruction.Imm;
        int next = _offset + instruction.Length;
        bool back = target <= _offset;
        _ = TryBind(instruction);
        Condition condition = _nodes.EmitTest(_expressions[instruction.Op]!);
        _assembler.JumpIf(condition, Cold(() => EmitEdge(target, back)));
        EmitEdge(next, back: false);
    }

    private void EmitJump(in DecodedInstruction instruction)
    {
        int next = _offset + instruction.Length;
        if (instruction.Op == Op.Jal)
        {
            int target = _blockOffset + instruction.Imm;
            EmitLink(instruction.Rd, next);
            EmitEdge(target, back: target <= _offset);
            return;
        }

        // The target first: rd may be rs1.
        _ = TryBind(instruction);
        _nodes.Emit(_expressions[instruction.Op]!, Register.Rax);
        EmitLink(instruction.Rd, next, Register.Rcx);
        EmitLookup();
    }

    private void EmitLink(int rd, int next, Register scratch = Register.Rax)
    {
        if (rd == HartState.Sink)
        {
            return;
        }

        Register result = PinnedRegisters.Of(rd) ?? scratch;
        EmitVirtualAddress(result, next);
        EmitResult(rd, result);
    }

    // The virtual address of an offset from the page.
    private void EmitVirtualAddress(Register destination, int offset)
    {
        _assembler.Load(destination, PinnedRegisters.Field(StateLayout.PageBase));
        if (offset != 0)
        {
            _assembler.Op(Alu.Add, destination, offset);
        }
    }

    // Goes to an offset from the page's start, which may be another page; back, if it is not ahead of the instruction that goes there.
    private void EmitEdge(int target, bool back)
    {
        if ((target & ~0xFFF) != 0)
        {
            EmitVirtualAddress(Register.Rax, target);
            EmitLookup();
            return;
        }

        Block* block = _code.Find(_page + (ulong)target, out _);
        if (block == null)
        {
            EmitExit(target, 0, TranslatedExit.Continue);
            return;
        }

        if (back)
        {
            // A loop, perhaps, which must not keep the hart from what it is wanted for.
            _assembler.Op(Alu.Cmp, PinnedRegisters.Field(StateLayout.Attention), 0, wide: false);
            _assembler.JumpIf(Condition.NotEqual, Cold(() => EmitExit(target, 0, TranslatedExit.Continue)));
        }

        if (block == _block)
        {
            _assembler.Jump(_start);
            return;
        }

        _assembler.MoveConstant(Register.Rax, target);
        _assembler.JumpThrough(&block->Native);
    }

    // Goes to the virtual address in rax. The jump cache knows most, and the look-up routine the rest. The last jump is each site's own: that is what
    // the host predicts it by.
    private void EmitLookup()
    {
        Label found = new();
        Label search = Cold(() =>
        {
            _assembler.Call(_runtime.Lookup);
            _assembler.Jump(found);
        });
        _assembler.Op(Alu.Cmp, PinnedRegisters.Field(StateLayout.Attention), 0, wide: false);
        _assembler.JumpIf(Condition.NotEqual, search);
        _assembler.Move(Register.Rcx, Register.Rax, wide: false);
        NativeRuntime.EmitJumpEntry(_assembler, Register.Rcx);
        _assembler.Op(Alu.Cmp, Register.Rax, new Mem(Register.Rcx, TlbBank.JumpOffset));
        _assembler.JumpIf(Condition.NotEqual, search);
        _assembler.Load(Register.Rdx, new Mem(Register.Rcx, TlbBank.JumpOffset + sizeof(ulong)));
        _assembler.Move(Register.Rcx, Register.Rax);
        _assembler.Op(Alu.And, Register.Rcx, ~0xFFF);
        _assembler.Store(PinnedRegisters.Field(StateLayout.PageBase), Register.Rcx);
        _assembler.Mark(found);
        _assembler.JumpThrough(new Mem(Register.Rdx, StateLayout.BlockNative));
    }

    // Leaves at an offset; refund counts instructions taken from the budget but not executed.
    private void EmitExit(int offset, int refund, TranslatedExit exit)
    {
        _assembler.MoveConstant(Register.Rcx, ExitRecord.Of(offset, refund, exit));
        _assembler.Jump(_runtime.ExitBy);
    }
}
