using System.Reflection;
using System.Reflection.Emit;
using CoveJit.Harts.Execution;
using CoveJit.Isa;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Translator.Emission;

/// <summary>Floating point on the host's unit: see <see cref="HostFloat"/>. A region assumes round-to-nearest-even; under another mode it is not used.</summary>
internal sealed partial class RegionEmitter
{
    private static readonly MethodInfo ToBits = typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToUInt64Bits))!;
    private static readonly MethodInfo FromBits = typeof(BitConverter).GetMethod(nameof(BitConverter.UInt64BitsToDouble))!;
    private static readonly MethodInfo SingleToBits = typeof(BitConverter).GetMethod(nameof(BitConverter.SingleToUInt32Bits))!;
    private static readonly MethodInfo SingleFromBits = typeof(BitConverter).GetMethod(nameof(BitConverter.UInt32BitsToSingle))!;
    private static readonly MethodInfo Box = typeof(NanBox).GetMethod(nameof(NanBox.Box), [typeof(uint)])!;
    private static readonly MethodInfo Begin = typeof(HostFloat).GetMethod(nameof(HostFloat.Begin))!;
    private static readonly MethodInfo End = typeof(HostFloat).GetMethod(nameof(HostFloat.End))!;

    private readonly LocalBuilder?[] _singles = new LocalBuilder?[4];
    private readonly LocalBuilder?[] _doubles = new LocalBuilder?[4];

    // Only with mstatus.FS on and frm = RNE: otherwise the interpreter goes on.
    private void EmitFloatGuard()
    {
        Label refused = _il.DefineLabel();
        _il.LoadState(StateLayout.FloatOff, OpCodes.Ldind_I4);
        _il.LoadState(StateLayout.Frm, OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Or);
        _il.Emit(OpCodes.Brtrue, refused);
        Cold(refused, () =>
        {
            _il.Emit(OpCodes.Ldc_I4, (int)TranslatedExit.Interpret);
            _il.Emit(OpCodes.Ret);
        });
        _il.LoadState(StateLayout.FloatDirty, OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Stloc, _floatDirty!);
        if (_computesFloat)
        {
            _il.Emit(OpCodes.Call, Begin);
        }
    }

    private void EmitFloatWriteBack()
    {
        if (!_registers.UsesFloat)
        {
            return;
        }

        _il.StoreState(StateLayout.FloatDirty, OpCodes.Stind_I4, () => _il.Emit(OpCodes.Ldloc, _floatDirty!));
        if (_computesFloat)
        {
            _il.Emit(OpCodes.Ldarg_0);
            _il.Emit(OpCodes.Call, End);
        }
    }

    private void EmitFloatDirty()
    {
        _il.Emit(OpCodes.Ldc_I4_1);
        _il.Emit(OpCodes.Stloc, _floatDirty!);
    }

    private void EmitFloatCompute(in DecodedInstruction instruction)
    {
        if (FloatOperation.Of(instruction) is FloatOperation operation)
        {
            EmitFloatOperation(instruction, operation);
            EmitFloatDirty();
            return;
        }

        // Moves of bits, by their declarations.
        _semantics.EmitValue(instruction, _block.Offset);
        _semantics.EmitResult(instruction);
        if (OpInfo.WritesFd(instruction.Op))
        {
            EmitFloatDirty();
        }
    }

    private void EmitFloatOperation(in DecodedInstruction instruction, FloatOperation operation)
    {
        Label slow = InterpretInstead();
        bool single = operation.Single;
        switch (operation.Shape)
        {
            case FloatShape.Add:
                EmitBinary(instruction, single, OpCodes.Add, slow);
                break;
            case FloatShape.Subtract:
                EmitBinary(instruction, single, OpCodes.Sub, slow);
                break;
            case FloatShape.Multiply:
                EmitBinary(instruction, single, OpCodes.Mul, slow);
                break;
            case FloatShape.Divide:
                EmitBinary(instruction, single, OpCodes.Div, slow);
                break;
            case FloatShape.SquareRoot:
                EmitOperand(0, instruction.Rs1, single, slow);
                _il.Emit(OpCodes.Ldloc, Operand(0, single));
                _il.Emit(OpCodes.Call, single ? typeof(MathF).GetMethod(nameof(MathF.Sqrt))! : typeof(Math).GetMethod(nameof(Math.Sqrt))!);
                EmitFloatResult(instruction.Rd, single, slow);
                break;
            case FloatShape.FusedMultiplyAdd:
                EmitFused(instruction, operation, slow);
                break;
            case FloatShape.Equal or FloatShape.Less or FloatShape.LessOrEqual:
                EmitCompare(instruction, operation.Shape, single, slow);
                break;
            case FloatShape.Minimum or FloatShape.Maximum:
                EmitSelect(instruction, operation.Shape == FloatShape.Minimum, single, slow);
                break;
            case FloatShape.Narrow:
                EmitOperand(0, instruction.Rs1, single: false, slow);
                _il.Emit(OpCodes.Ldloc, Operand(0, single: false));
                _il.Emit(OpCodes.Conv_R4);
                EmitFloatResult(instruction.Rd, single: true, slow);
                break;
            case FloatShape.Widen:
                EmitOperand(0, instruction.Rs1, single: true, slow);
                _il.Emit(OpCodes.Ldloc, Operand(0, single: true));
                _il.Emit(OpCodes.Conv_R8);
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
    }

    private void EmitBinary(in DecodedInstruction instruction, bool single, OpCode code, Label slow)
    {
        EmitOperand(0, instruction.Rs1, single, slow);
        EmitOperand(1, instruction.Rs2, single, slow);
        _il.Emit(OpCodes.Ldloc, Operand(0, single));
        _il.Emit(OpCodes.Ldloc, Operand(1, single));
        _il.Emit(code);
        EmitFloatResult(instruction.Rd, single, slow);
    }

    private void EmitFused(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        bool single = operation.Single;
        EmitOperand(0, instruction.Rs1, single, slow);
        EmitOperand(1, instruction.Rs2, single, slow);
        EmitOperand(2, instruction.Rs3, single, slow);
        _il.Emit(OpCodes.Ldloc, Operand(0, single));
        _il.Emit(operation.NegateProduct ? OpCodes.Neg : OpCodes.Nop);
        _il.Emit(OpCodes.Ldloc, Operand(1, single));
        _il.Emit(OpCodes.Ldloc, Operand(2, single));
        _il.Emit(operation.NegateAddend ? OpCodes.Neg : OpCodes.Nop);
        _il.Emit(OpCodes.Call, single ? typeof(MathF).GetMethod(nameof(MathF.FusedMultiplyAdd))! : typeof(Math).GetMethod(nameof(Math.FusedMultiplyAdd))!);
        EmitFloatResult(instruction.Rd, single, slow);
    }

    // FEQ is quiet as the host's compare is; FLT and FLE raise NV for any NaN.
    private void EmitCompare(in DecodedInstruction instruction, FloatShape shape, bool single, Label slow)
    {
        EmitOperand(0, instruction.Rs1, single, slow);
        EmitOperand(1, instruction.Rs2, single, slow);
        LocalBuilder a = Operand(0, single);
        LocalBuilder b = Operand(1, single);
        Label done = _il.DefineLabel();
        Label no = _il.DefineLabel();
        if (shape == FloatShape.Equal)
        {
            _il.Emit(OpCodes.Ldloc, a);
            _il.Emit(OpCodes.Ldloc, b);
            _il.Emit(OpCodes.Ceq);
            _il.Emit(OpCodes.Conv_U8);
            EmitIntegerResult(instruction.Rd);
            return;
        }

        _il.Emit(OpCodes.Ldloc, a);
        _il.Emit(OpCodes.Ldloc, b);
        _il.Emit(shape == FloatShape.Less ? OpCodes.Bge : OpCodes.Bgt, no);
        _il.Emit(OpCodes.Ldloc, a);
        _il.Emit(OpCodes.Ldloc, b);
        _il.Emit(shape == FloatShape.Less ? OpCodes.Bge_Un : OpCodes.Bgt_Un, slow);
        _il.LoadConstant(1);
        EmitIntegerResult(instruction.Rd);
        _il.Emit(OpCodes.Br, done);
        _il.MarkLabel(no);
        _il.LoadConstant(0);
        EmitIntegerResult(instruction.Rd);
        _il.MarkLabel(done);
    }

    // The zeros, which compare equal but are ordered, and NaNs are for the interpreter.
    private void EmitSelect(in DecodedInstruction instruction, bool minimum, bool single, Label slow)
    {
        EmitOperand(0, instruction.Rs1, single, slow);
        EmitOperand(1, instruction.Rs2, single, slow);
        LocalBuilder a = Operand(0, single);
        LocalBuilder b = Operand(1, single);
        int destination = instruction.Rd;
        Label first = _il.DefineLabel();
        Label second = _il.DefineLabel();
        Label done = _il.DefineLabel();
        _il.Emit(OpCodes.Ldloc, a);
        _il.Emit(OpCodes.Ldloc, b);
        _il.Emit(OpCodes.Blt, minimum ? first : second);
        _il.Emit(OpCodes.Ldloc, a);
        _il.Emit(OpCodes.Ldloc, b);
        _il.Emit(OpCodes.Ble_Un, slow);
        _il.MarkLabel(minimum ? second : first);
        EmitCopy(minimum ? instruction.Rs2 : instruction.Rs1);
        _il.Emit(OpCodes.Br, done);
        _il.MarkLabel(minimum ? first : second);
        EmitCopy(minimum ? instruction.Rs1 : instruction.Rs2);
        _il.MarkLabel(done);

        void EmitCopy(int source)
        {
            _il.Emit(OpCodes.Ldloc, _registers.F(source));
            _il.Emit(OpCodes.Stloc, _registers.F(destination));
        }
    }

    // What does not fit leaves before the host raises a flag that RISC-V does not.
    private void EmitToInteger(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        bool truncate = (RoundingMode)instruction.Rm == RoundingMode.Rtz;
        EmitOperand(0, instruction.Rs1, operation.Single, slow);
        LocalBuilder value = Operand(3, single: false);
        _il.Emit(OpCodes.Ldloc, Operand(0, operation.Single));
        _il.Emit(OpCodes.Conv_R8); // exact, and of a signaling NaN invalid, which the conversion is as well
        _il.Emit(OpCodes.Stloc, value);
        LocalBuilder result = ValueOf(typeof(long));
        if (operation.Shape is FloatShape.ToUInt32 or FloatShape.ToUInt64)
        {
            // What truncates to zero from below is in range; rounding could leave -0.5 to 0 in, but that is rare enough to interpret.
            EmitRefuse(value, OpCodes.Blt_Un, truncate ? Math.BitIncrement(-1.0) : -0.0, slow);
            EmitRefuse(value, OpCodes.Bge_Un, operation.Shape == FloatShape.ToUInt32 ? 4294967295.0 : 9223372036854775808.0, slow);
        }

        bool narrow = operation.Shape == FloatShape.ToInt32;
        string method = (truncate, narrow) switch
        {
            (true, true) => nameof(HostFloat.TruncateToInt32),
            (true, false) => nameof(HostFloat.TruncateToInt64),
            (false, true) => nameof(HostFloat.RoundToInt32),
            (false, false) => nameof(HostFloat.RoundToInt64),
        };
        _il.Emit(OpCodes.Ldloc, value);
        _il.Emit(OpCodes.Call, typeof(HostFloat).GetMethod(method)!);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Stloc, result);
        if (operation.Shape is FloatShape.ToInt32 or FloatShape.ToInt64)
        {
            _il.Emit(OpCodes.Ldloc, result);
            _il.LoadConstant(narrow ? int.MinValue : long.MinValue);
            _il.Emit(OpCodes.Beq, slow);
        }

        _il.Emit(OpCodes.Ldloc, result);
        if (operation.Shape == FloatShape.ToUInt32)
        {
            _il.Emit(OpCodes.Conv_I4); // a word in a register is sign-extended, unsigned or not
            _il.Emit(OpCodes.Conv_I8);
        }

        EmitIntegerResult(instruction.Rd);
    }

    private void EmitRefuse(LocalBuilder value, OpCode branch, double limit, Label slow)
    {
        _il.Emit(OpCodes.Ldloc, value);
        _il.Emit(OpCodes.Ldc_R8, limit);
        _il.Emit(branch, slow);
    }

    private void EmitFromInteger(in DecodedInstruction instruction, FloatOperation operation, Label slow)
    {
        if (operation.Shape == FloatShape.FromUInt64)
        {
            _semantics.EmitRegister(instruction.Rs1);
            _il.LoadConstant(0);
            _il.Emit(OpCodes.Blt, slow);
        }

        _semantics.EmitRegister(instruction.Rs1);
        if (operation.Shape == FloatShape.FromInt32)
        {
            _il.Emit(OpCodes.Conv_I4);
        }
        else if (operation.Shape == FloatShape.FromUInt32)
        {
            _il.Emit(OpCodes.Conv_U4);
            _il.Emit(OpCodes.Conv_U8);
        }

        _il.Emit(operation.Single ? OpCodes.Conv_R4 : OpCodes.Conv_R8);
        EmitFloatResult(instruction.Rd, operation.Single, null);
    }

    private void EmitIntegerResult(int rd)
    {
        if (rd == Harts.State.HartState.Sink)
        {
            _il.Emit(OpCodes.Pop);
        }
        else
        {
            _il.Emit(OpCodes.Stloc, _registers.X(rd)!);
        }
    }

    // Brings an operand into its scratch local; a single that is not NaN-boxed is for the interpreter.
    private void EmitOperand(int index, int register, bool single, Label slow)
    {
        _il.Emit(OpCodes.Ldloc, _registers.F(register));
        if (single)
        {
            LocalBuilder bits = ValueOf(typeof(ulong));
            _il.Emit(OpCodes.Call, ToBits);
            _il.Emit(OpCodes.Stloc, bits);
            _il.Emit(OpCodes.Ldloc, bits);
            _il.Emit(OpCodes.Ldc_I8, unchecked((long)0xFFFFFFFF_00000000));
            _il.Emit(OpCodes.Blt_Un, slow);
            _il.Emit(OpCodes.Ldloc, bits);
            _il.Emit(OpCodes.Conv_U4);
            _il.Emit(OpCodes.Call, SingleFromBits);
        }

        _il.Emit(OpCodes.Stloc, Operand(index, single));
    }

    // Stores the value on the stack; a NaN is for the interpreter.
    private void EmitFloatResult(int register, bool single, Label? slow)
    {
        LocalBuilder result = Operand(2, single);
        _il.Emit(OpCodes.Stloc, result);
        if (slow is Label label)
        {
            _il.Emit(OpCodes.Ldloc, result);
            _il.Emit(OpCodes.Ldloc, result);
            _il.Emit(OpCodes.Bne_Un, label);
        }

        _il.Emit(OpCodes.Ldloc, result);
        if (single)
        {
            _il.Emit(OpCodes.Call, SingleToBits);
            _il.Emit(OpCodes.Call, Box);
            _il.Emit(OpCodes.Call, FromBits);
        }

        _il.Emit(OpCodes.Stloc, _registers.F(register));
    }

    // Scratch locals for operands, by number and precision.
    private LocalBuilder Operand(int index, bool single)
    {
        return single
            ? _singles[index] ??= _il.DeclareLocal(typeof(float))
            : _doubles[index] ??= _il.DeclareLocal(typeof(double));
    }
}
