using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>Loads, stores and atomics: one compare against the TLB, one add, the access.</summary>
internal sealed unsafe partial class BlockEmitter
{
    private void EmitLoad(in DecodedInstruction instruction)
    {
        Declaration declaration = _expressions.DeclarationOf(instruction.Op);
        EmitEffectiveAddress(instruction.Rs1, instruction.Imm);
        EmitHostAddress(AccessType.Read, declaration.MemorySize);
        Mem source = new(Register.Rax, 0);
        if (OpInfo.WritesFd(instruction.Op))
        {
            EmitFloatLoad(instruction, declaration.MemorySize, source);
            return;
        }

        Register result = ResultRegister(instruction.Rd);
        switch (Type.GetTypeCode(declaration.MemoryType))
        {
            case TypeCode.SByte:
                _assembler.LoadSign8(result, source);
                break;
            case TypeCode.Byte:
                _assembler.LoadZero8(result, source);
                break;
            case TypeCode.Int16:
                _assembler.LoadSign16(result, source);
                break;
            case TypeCode.UInt16:
                _assembler.LoadZero16(result, source);
                break;
            case TypeCode.Int32:
                _assembler.LoadSign32(result, source);
                break;
            case TypeCode.UInt32:
                _assembler.Load(result, source, wide: false);
                break;
            default:
                _assembler.Load(result, source);
                break;
        }

        EmitResult(instruction.Rd, result);
    }

    private void EmitStore(in DecodedInstruction instruction)
    {
        int size = _expressions.DeclarationOf(instruction.Op).MemorySize;
        EmitEffectiveAddress(instruction.Rs1, instruction.Imm);
        EmitHostAddress(AccessType.Write, size);
        Register value;
        if (OpInfo.UsesFloat(instruction.Op))
        {
            _assembler.Load(Register.Rcx, PinnedRegisters.F(instruction.Rs2));
            value = Register.Rcx;
        }
        else
        {
            value = InRegister(instruction.Rs2, Register.Rcx);
        }

        Mem destination = new(Register.Rax, 0);
        switch (size)
        {
            case 1:
                _assembler.Store8(destination, value);
                break;
            case 2:
                _assembler.Store16(destination, value);
                break;
            case 4:
                _assembler.Store(destination, value, wide: false);
                break;
            default:
                _assembler.Store(destination, value);
                break;
        }
    }

    // The TLB's compare also refuses operands that are not naturally aligned; pages with flags have no write entry.
    private void EmitAmo(in DecodedInstruction instruction)
    {
        int size = _expressions.DeclarationOf(instruction.Op).MemorySize;
        bool wide = size == 8;
        Node? node = _expressions[instruction.Op];
        bool simple = node is Binary { Op: BinaryOp.Add or BinaryOp.And or BinaryOp.Or or BinaryOp.Xor, Left: Parameter { Index: 0 }, Right: Parameter { Index: 1 } };
        bool exchange = node is Parameter { Index: 1 };
        if (size < 4 || !(simple || exchange))
        {
            EmitHandler();
            return;
        }

        EmitEffectiveAddress(instruction.Rs1, 0);
        EmitHostAddress(AccessType.Write, size);
        Register operand = InRegister(instruction.Rs2, Register.Rcx);
        Register old = Register.Rcx;
        Mem memory = new(Register.Rax, 0);
        if (exchange || node is Binary { Op: BinaryOp.Add })
        {
            _assembler.Move(Register.Rcx, operand);
            if (exchange)
            {
                _assembler.Exchange(memory, Register.Rcx, wide);
            }
            else
            {
                _assembler.LockedExchangeAdd(memory, Register.Rcx, wide);
            }
        }
        else
        {
            // A loop of compare-and-exchange: rdx the address, rax the old value, rcx the new.
            Alu op = ((Binary)node!).Op switch
            {
                BinaryOp.And => Alu.And,
                BinaryOp.Or => Alu.Or,
                _ => Alu.Xor,
            };
            Label again = new();
            _assembler.Move(Register.Rdx, Register.Rax);
            _assembler.Load(Register.Rax, new Mem(Register.Rdx, 0), wide);
            _assembler.Mark(again);
            Operand second = PinnedRegisters.X(instruction.Rs2);
            _assembler.Move(Register.Rcx, Register.Rax);
            if (second.Register is Register host)
            {
                _assembler.Op(op, Register.Rcx, host, wide);
            }
            else if (second.Constant is long constant)
            {
                _assembler.Op(op, Register.Rcx, (int)constant, wide);
            }
            else
            {
                _assembler.Op(op, Register.Rcx, second.Memory, wide);
            }

            _assembler.LockedCompareExchange(new Mem(Register.Rdx, 0), Register.Rcx, wide);
            _assembler.JumpIf(Condition.NotEqual, again);
            old = Register.Rax;
        }

        if (instruction.Rd != HartState.Sink)
        {
            if (!wide)
            {
                _assembler.SignExtend32(old, old);
            }

            EmitResult(instruction.Rd, old);
        }
    }

    // rax = rs1 + offset
    private void EmitEffectiveAddress(int register, int offset)
    {
        Operand operand = PinnedRegisters.X(register);
        if (operand.Register is Register host)
        {
            if (offset == 0)
            {
                _assembler.Move(Register.Rax, host);
            }
            else
            {
                _assembler.Lea(Register.Rax, new Mem(host, offset));
            }
        }
        else if (operand.Constant is long constant)
        {
            _assembler.MoveConstant(Register.Rax, constant + offset);
        }
        else
        {
            _assembler.Load(Register.Rax, operand.Memory);
            if (offset != 0)
            {
                _assembler.Op(Alu.Add, Register.Rax, offset);
            }
        }
    }

    // rax, a guest address, becomes the host's. A miss is filled, if possible; otherwise the interpreter performs the access.
    private void EmitHostAddress(AccessType access, int size)
    {
        int array = (int)access * TlbBank.ArraySize;
        Label check = new();
        _assembler.Mark(check);
        _assembler.Move(Register.Rcx, Register.Rax, wide: false);
        _assembler.ShiftBy(Shift.Right, Register.Rcx, 8, wide: false);
        _assembler.Op(Alu.And, Register.Rcx, (TlbBank.Entries - 1) << 4, wide: false);
        _assembler.Move(Register.Rdx, Register.Rax);
        _assembler.Op(Alu.And, Register.Rdx, ~0xFFF | (size - 1));
        _assembler.Op(Alu.Cmp, Register.Rdx, new Mem(PinnedRegisters.Bank, array, Register.Rcx));
        int offset = _offset;
        int refund = Refund;
        _assembler.JumpIf(Condition.NotEqual, Cold(() =>
        {
            _assembler.MoveConstant(Register.Rcx, ExitRecord.Of(offset, refund, TranslatedExit.Interpret));
            _assembler.MoveConstant(Register.Rdx, (int)access | (size << 8));
            _assembler.Call(_runtime.Fill);
            _assembler.Jump(check);
        }));
        _assembler.Op(Alu.Add, Register.Rax, new Mem(PinnedRegisters.Bank, array + sizeof(ulong), Register.Rcx));
    }
}
