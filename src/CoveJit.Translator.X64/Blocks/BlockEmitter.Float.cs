using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>Floating point on the host's unit: see <see cref="HostFloat"/>. What it does otherwise than RISC-V goes to the interpreter's handler.</summary>
internal sealed unsafe partial class BlockEmitter
{
    private const int AddCode = 0x58;
    private const int MultiplyCode = 0x59;
    private const int SubtractCode = 0x5C;
    private const int DivideCode = 0x5E;
    private const int SquareRootCode = 0x51;
    private const int LoadCode = 0x10;
    private const int StoreCode = 0x11;
    private const int ConvertPrecisionCode = 0x5A;
    private const int FromIntegerCode = 0x2A;
    private const int ToIntegerCode = 0x2D;
    private const int ToIntegerTruncatedCode = 0x2C;

    private void EmitFloatLoad(in DecodedInstruction instruction, int size, Mem source)
    {
        switch (size)
        {
            case 8:
                _assembler.Load(Register.Rcx, source);
                _assembler.Store(PinnedRegisters.F(instruction.Rd), Register.Rcx);
                break;
            case 4:
                _assembler.Load(Register.Rcx, source, wide: false);
                EmitBoxed(instruction.Rd, Register.Rcx);
                break;
            default:
                _assembler.LoadZero16(Register.Rcx, source);
                _assembler.Op(Alu.Or, Register.Rcx, ~0xFFFF);
                _assembler.Store(PinnedRegisters.F(instruction.Rd), Register.Rcx);
                break;
        }

        EmitFloatDirty();
    }

    private void EmitFloatCompute(in DecodedInstruction instruction)
    {
        if (FloatOperation.Of(instruction) is FloatOperation operation)
        {
            EmitFloatOperation(instruction, operation);
            return;
        }

        if (!OpInfo.RaisesFloatFlags(instruction.Op) && TryEmitBits(instruction))
        {
            return;
        }

        EmitHandler();
    }

    // Moves of bits (FMV, FSGNJ), by their declarations.
    private bool TryEmitBits(in DecodedInstruction instruction)
    {
        if (_expressions[instruction.Op] is not Node node || !NodeEmitter.CanEmit(node) || !TryBind(instruction))
        {
            return false;
        }

        System.Reflection.ParameterInfo[] parameters = _expressions.DeclarationOf(instruction.Op).Parameters;
        Label? slow = null;
        foreach (System.Reflection.ParameterInfo parameter in parameters)
        {
            if (parameter.Name![0] == 'f' && parameter.ParameterType == typeof(uint))
            {
                slow ??= HandlerInstead();
                EmitBoxCheck(parameter.Name == "fs1" ? instruction.Rs1 : instruction.Rs2, slow);
            }
        }

        Type type = _expressions.DeclarationOf(instruction.Op).Method.ReturnType;
        if (OpInfo.WritesFd(instruction.Op))
        {
            if (type == typeof(ushort))
            {
                return false;
            }

            _nodes.Emit(node, Register.Rax);
            if (type == typeof(uint))
            {
                EmitBoxed(instruction.Rd, Register.Rax);
            }
            else
            {
                _assembler.Store(PinnedRegisters.F(instruction.Rd), Register.Rax);
            }

            EmitFloatDirty();
        }
        else if (instruction.Rd != HartState.Sink)
        {
            Register result = ResultRegister(instruction.Rd);
            _nodes.Emit(node, result);
            EmitResult(instruction.Rd, result);
        }

        Resume(slow);
        return true;
    }

    private void EmitFloatOperation(in DecodedInstruction instruction, FloatOperation operation)
    {
        Label slow = HandlerInstead();
        bool single = operation.Single;
        switch (operation.Shape)
        {
            case FloatShape.Add:
                EmitBinary(instruction, single, AddCode, slow);
                break;
            case FloatShape.Subtract:
                EmitBinary(instruction, single, SubtractCode, slow);
                break;
            case FloatShape.Multiply:
                EmitBinary(instruction, single, MultiplyCode, slow);
                break;
            case FloatShape.Divide:
                EmitBinary(instruction, single, DivideCode, slow);
                break;
            case FloatShape.SquareRoot:
                EmitBoxCheck(instruction.Rs1, single, slow);
                _assembler.Scalar(SquareRootCode, 0, PinnedRegisters.F(instruction.Rs1), single);
                EmitFloatResult(instruction.Rd, single, slow);
                break;
            case FloatShape.FusedMultiplyAdd:
                EmitBoxCheck(instruction.Rs1, single, slow);
                EmitBoxCheck(instruction.Rs2, single, slow);
                EmitBoxCheck(instruction.Rs3, single, slow);
                _assembler.Scalar(LoadCode, 0, PinnedRegisters.F(instruction.Rs1), single);
                _assembler.Scalar(LoadCode, 1, PinnedRegisters.F(instruction.Rs2), single);
                _assembler.Scalar(LoadCode, 2, PinnedRegisters.F(instruction.Rs3), single);
                _assembler.Fused213(0xA9 + (operation.NegateProduct ? 4 : 0) + (operation.NegateAddend ? 2 : 0), single);
                EmitFloatResult(instruction.Rd, single, slow);
                break;
            case FloatShape.Equal or FloatShape.Less or FloatShape.LessOrEqual:
                EmitCompare(instruction, operation, slow);
                break;
            case FloatShape.Minimum or FloatShape.Maximum:
                EmitSelect(instruction, operation, slow);
                break;
            case FloatShape.Narrow:
                _assembler.Scalar(ConvertPrecisionCode, 0, PinnedRegisters.F(instruction.Rs1), single: false);
                EmitFloatResult(instruction.Rd, single: true, slow);
                break;
            case FloatShape.Widen:
                EmitBoxCheck(instruction.Rs1, single: true, slow);
                _assembler.Scalar(ConvertPrecisionCode, 0, PinnedRegisters.F(instruction.Rs1), single: true);
                EmitFloatResult(instruction.Rd, single: false, slow);
                break;
            default:
                if (operation.ToInteger)
                {
                    EmitToInteger(instruction, operation, slow);
                }
                else
                {
                    EmitFromInteger(instruction, operation, slow);
                }

                break;
        }

        EmitFloatDirty();
        Resume(slow);
    }

    private void EmitBinary(in DecodedInstruction instruction, bool single, int code, Label slow)
    {
        EmitBoxCheck(instruction.Rs1, single, slow);
        EmitBoxCheck(instruction.Rs2, single, slow);
        _assembler.Scalar(LoadCode, 0, PinnedRegisters.F(instruction.Rs1), single);
        _assembler.Scalar(code, 0, PinnedRegisters.F(instruction.Rs2), single);
        EmitFloatResult(instruction.Rd, single, slow);
    }

    // FEQ is quiet as UCOMIS is; FLT and FLE raise NV for any NaN.
    private void EmitCompare(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        // b compared with a: "above" is a < b.
        EmitOrder(instruction.Rs2, instruction.Rs1, operation.Single, slow);
        if (operation.Shape == FloatShape.Equal)
        {
            _assembler.SetIf(Condition.NoParity, Register.Rcx);
            _assembler.SetIf(Condition.Equal, Register.Rax);
            _assembler.Op(Alu.And, Register.Rax, Register.Rcx, wide: false);
        }
        else
        {
            _assembler.JumpIf(Condition.Parity, slow);
            _assembler.SetIf(operation.Shape == FloatShape.Less ? Condition.Above : Condition.AboveOrEqual, Register.Rax);
        }

        _assembler.ZeroExtend8(Register.Rax, Register.Rax);
        EmitResult(instruction.Rd, Register.Rax);
    }

    // Equal operands (zeros may differ in sign) and NaNs are for the handler.
    private void EmitSelect(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        EmitOrder(instruction.Rs2, instruction.Rs1, operation.Single, slow);
        _assembler.JumpIf(Condition.Parity, slow);
        _assembler.JumpIf(Condition.Equal, slow);
        bool minimum = operation.Shape == FloatShape.Minimum;
        _assembler.Load(Register.Rax, PinnedRegisters.F(instruction.Rs1));
        _assembler.Load(Register.Rcx, PinnedRegisters.F(instruction.Rs2));
        _assembler.MoveIf(minimum ? Condition.Below : Condition.Above, Register.Rax, Register.Rcx);
        _assembler.Store(PinnedRegisters.F(instruction.Rd), Register.Rax);
    }

    private void EmitOrder(int first, int second, bool single, Label slow)
    {
        EmitBoxCheck(first, single, slow);
        EmitBoxCheck(second, single, slow);
        _assembler.Scalar(LoadCode, 0, PinnedRegisters.F(first), single);
        _assembler.Scalar(LoadCode, 1, PinnedRegisters.F(second), single);
        _assembler.Compare(0, 1, single);
    }

    // What does not fit is for the handler, before the host raises a flag that RISC-V does not.
    private void EmitToInteger(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        bool single = operation.Single;
        int code = (Isa.FloatingPoint.RoundingMode)instruction.Rm == Isa.FloatingPoint.RoundingMode.Rtz ? ToIntegerTruncatedCode : ToIntegerCode;
        EmitBoxCheck(instruction.Rs1, single, slow);
        if (operation.Shape is FloatShape.ToUInt32 or FloatShape.ToUInt64)
        {
            // The sign and magnitude by the encoding: 0 <= value < 2^32 or 2^63.
            int exponent = (operation.Shape == FloatShape.ToUInt32 ? 32 : 63) + (single ? 127 : 1023);
            Mem high = PinnedRegisters.F(instruction.Rs1) with { Displacement = PinnedRegisters.F(instruction.Rs1).Displacement + (single ? 0 : 4) };
            _assembler.Load(Register.Rax, high, wide: false);
            _assembler.Op(Alu.Cmp, Register.Rax, (exponent << (single ? 23 : 20)) - (operation.Shape == FloatShape.ToUInt32 ? 1 << (single ? 15 : 12) : 0), wide: false);
            _assembler.JumpIf(Condition.AboveOrEqual, slow);
        }

        bool narrow = operation.Shape == FloatShape.ToInt32;
        _assembler.Scalar(LoadCode, 0, PinnedRegisters.F(instruction.Rs1), single);
        _assembler.Scalar(code, (int)Register.Rax, 0, single, wide: !narrow);
        if (narrow)
        {
            _assembler.Op(Alu.Cmp, Register.Rax, int.MinValue, wide: false);
            _assembler.JumpIf(Condition.Equal, slow);
            _assembler.SignExtend32(Register.Rax, Register.Rax);
        }
        else if (operation.Shape == FloatShape.ToInt64)
        {
            _assembler.MoveConstant(Register.Rcx, long.MinValue);
            _assembler.Op(Alu.Cmp, Register.Rax, Register.Rcx);
            _assembler.JumpIf(Condition.Equal, slow);
        }
        else if (operation.Shape == FloatShape.ToUInt32)
        {
            _assembler.SignExtend32(Register.Rax, Register.Rax); // a word in a register is sign-extended, unsigned or not
        }

        EmitResult(instruction.Rd, Register.Rax);
    }

    private void EmitFromInteger(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        Register source = InRegister(instruction.Rs1, Register.Rax);
        bool wide = true;
        switch (operation.Shape)
        {
            case FloatShape.FromInt32:
                wide = false;
                break;
            case FloatShape.FromUInt32:
                _assembler.Move(Register.Rax, source, wide: false);
                source = Register.Rax;
                break;
            case FloatShape.FromUInt64:
                _assembler.Test(source, source);
                _assembler.JumpIf(Condition.Sign, slow);
                break;
            default:
                break;
        }

        _assembler.Scalar(FromIntegerCode, 0, (int)source, operation.Single, wide);
        EmitFloatResult(instruction.Rd, operation.Single, null);
    }

    private void EmitBoxCheck(int register, bool single, Label slow)
    {
        if (single)
        {
            EmitBoxCheck(register, slow);
        }
    }

    private void EmitBoxCheck(int register, Label slow)
    {
        _assembler.Op(Alu.Cmp, Upper(register), -1, wide: false);
        _assembler.JumpIf(Condition.NotEqual, slow);
    }

    private void EmitBoxed(int register, Register low)
    {
        _assembler.Store(PinnedRegisters.F(register), low, wide: false);
        _assembler.StoreImmediate(Upper(register), -1, wide: false);
    }

    // Stores xmm0; a NaN is for the handler.
    private void EmitFloatResult(int register, bool single, Label? slow)
    {
        if (slow is not null)
        {
            _assembler.Compare(0, 0, single);
            _assembler.JumpIf(Condition.Parity, slow);
        }

        _assembler.Scalar(StoreCode, 0, PinnedRegisters.F(register), single);
        if (single)
        {
            _assembler.StoreImmediate(Upper(register), -1, wide: false);
        }
    }

    private void EmitFloatDirty()
    {
        if (!_floatDirty)
        {
            _assembler.StoreImmediate(PinnedRegisters.Field(StateLayout.FloatDirty), 1, wide: false);
            _floatDirty = true;
        }
    }

    private static Mem Upper(int register) => PinnedRegisters.F(register) with { Displacement = PinnedRegisters.F(register).Displacement + 4 };

    // A label where the handler executes the current instruction instead, and Resume's place.
    private Label HandlerInstead()
    {
        Label slow = new();
        Label resume = new();
        _resume = resume;
        int offset = _offset;
        int refund = Refund;
        DecodedInstruction* instruction = _instruction;
        _cold.Add(() =>
        {
            _assembler.Mark(slow);
            _offset = offset;
            _instruction = instruction;
            _done = _block->Count - refund;
            EmitHandler();
            _assembler.Jump(resume);
        });
        return slow;
    }

    private Label? _resume;

    private void Resume(Label? slow)
    {
        if (slow is not null)
        {
            _assembler.Mark(_resume!);
        }
    }
}
