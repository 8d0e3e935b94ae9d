using System.Reflection;
using System.Reflection.Emit;
using CoveJit.Isa;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Translator.Emission;

/// <summary>Emits what an instruction computes, from its declaration: operands from the register locals, the method's IL or a call of it, the result.</summary>
internal sealed class SemanticsEmitter(ILGenerator il, RegisterFile registers, Declarations declarations, LocalBuilder homeBase)
{
    private static readonly MethodInfo UnboxSingle = typeof(NanBox).GetMethod(nameof(NanBox.Single))!;
    private static readonly MethodInfo UnboxHalf = typeof(NanBox).GetMethod(nameof(NanBox.Half))!;
    private static readonly MethodInfo BoxSingle = typeof(NanBox).GetMethod(nameof(NanBox.Box), [typeof(uint)])!;
    private static readonly MethodInfo BoxHalf = typeof(NanBox).GetMethod(nameof(NanBox.Box), [typeof(ushort)])!;
    private static readonly MethodInfo ToBits = typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToUInt64Bits))!;
    private static readonly MethodInfo FromBits = typeof(BitConverter).GetMethod(nameof(BitConverter.UInt64BitsToDouble))!;

    // Locals of spliced bodies, shared by type and order.
    private readonly Dictionary<(Type, int), LocalBuilder> _scratch = [];

    /// <summary>The declaration of an operation.</summary>
    public Declaration DeclarationOf(Op op) => declarations[op];

    /// <summary>Pushes the result of an instruction's semantic method.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="blockOffset">Where its block starts: what pc-relative operands are relative to.</param>
    /// <param name="input">The local that holds the loaded value or the memory operand, if the method takes one.</param>
    public void EmitValue(in DecodedInstruction instruction, int blockOffset, LocalBuilder? input = null)
    {
        Declaration declaration = declarations[instruction.Op];
        if (declaration.Body is SemanticBody body)
        {
            Splice(body, declaration, instruction, blockOffset, input);
            return;
        }

        foreach (ParameterInfo parameter in declaration.Parameters)
        {
            EmitOperand(parameter, instruction, blockOffset, input);
        }

        il.Emit(OpCodes.Call, declaration.Method);
    }

    /// <summary>Stores the result on the stack, of the type the semantic method returns, in the destination register.</summary>
    public void EmitResult(in DecodedInstruction instruction)
    {
        Type type = declarations[instruction.Op].Method.ReturnType;
        if (OpInfo.WritesFd(instruction.Op))
        {
            if (type != typeof(ulong))
            {
                il.Emit(OpCodes.Call, type == typeof(uint) ? BoxSingle : BoxHalf);
            }

            il.Emit(OpCodes.Call, FromBits);
            il.Emit(OpCodes.Stloc, registers.F(instruction.Rd));
            return;
        }

        if (instruction.Rd >= Harts.State.HartState.Sink)
        {
            il.Emit(OpCodes.Pop);
            return;
        }

        if (type != typeof(ulong) && type != typeof(long))
        {
            il.Emit(type == typeof(int) || type == typeof(short) || type == typeof(sbyte) ? OpCodes.Conv_I8 : OpCodes.Conv_U8);
        }

        il.Emit(OpCodes.Stloc, registers.X(instruction.Rd)!);
    }

    /// <summary>Pushes an integer register.</summary>
    public void EmitRegister(int number)
    {
        if (registers.X(number) is LocalBuilder local)
        {
            il.Emit(OpCodes.Ldloc, local);
        }
        else
        {
            il.LoadConstant(0);
        }
    }

    /// <summary>Pushes the virtual address at an offset from the region's home page.</summary>
    public void EmitAddress(int offset)
    {
        il.Emit(OpCodes.Ldloc, homeBase);
        il.LoadConstant(offset);
        il.Emit(OpCodes.Add);
    }

    private void Splice(SemanticBody body, Declaration declaration, in DecodedInstruction instruction, int blockOffset, LocalBuilder? input)
    {
        Label end = default;
        bool endUsed = false;
        Dictionary<long, Label> labels = [];
        foreach (IlOperation operation in body.Operations)
        {
            if (operation.Kind == IlOperand.Branch)
            {
                labels.TryAdd(operation.Number, il.DefineLabel());
            }
        }

        for (int i = 0; i < body.Operations.Count; i++)
        {
            IlOperation operation = body.Operations[i];
            if (labels.TryGetValue(i, out Label label))
            {
                il.MarkLabel(label);
            }

            switch (operation.Kind)
            {
                case IlOperand.None:
                    il.Emit(operation.OpCode);
                    break;
                case IlOperand.Int32:
                    il.Emit(operation.OpCode, (int)operation.Number);
                    break;
                case IlOperand.Int64:
                    il.Emit(operation.OpCode, operation.Number);
                    break;
                case IlOperand.Single:
                    il.Emit(operation.OpCode, (float)operation.Real);
                    break;
                case IlOperand.Double:
                    il.Emit(operation.OpCode, operation.Real);
                    break;
                case IlOperand.Argument:
                    EmitOperand(declaration.Parameters[operation.Number], instruction, blockOffset, input);
                    break;
                case IlOperand.Local:
                    il.Emit(operation.OpCode, Scratch(body.Locals[(int)operation.Number], (int)operation.Number));
                    break;
                case IlOperand.Branch:
                    il.Emit(operation.OpCode, labels[operation.Number]);
                    break;
                case IlOperand.Member:
                    EmitMember(operation);
                    break;
                case IlOperand.Return when i < body.Operations.Count - 1:
                    if (!endUsed)
                    {
                        end = il.DefineLabel();
                        endUsed = true;
                    }

                    il.Emit(OpCodes.Br, end);
                    break;
                default:
                    break;
            }
        }

        if (endUsed)
        {
            il.MarkLabel(end);
        }
    }

    private void EmitMember(IlOperation operation)
    {
        switch (operation.Member)
        {
            case MethodInfo method:
                il.Emit(operation.OpCode, method);
                break;
            case FieldInfo field:
                il.Emit(operation.OpCode, field);
                break;
            case Type type:
                il.Emit(operation.OpCode, type);
                break;
            default:
                throw new NotSupportedException($"IL operand {operation.Member}");
        }
    }

    private LocalBuilder Scratch(Type type, int index)
    {
        if (!_scratch.TryGetValue((type, index), out LocalBuilder? local))
        {
            local = il.DeclareLocal(type);
            _scratch.Add((type, index), local);
        }

        return local;
    }

    private void EmitOperand(ParameterInfo parameter, in DecodedInstruction instruction, int blockOffset, LocalBuilder? input)
    {
        Type type = parameter.ParameterType;
        switch (parameter.Name)
        {
            case "rs1":
                EmitInteger(instruction.Rs1, type);
                break;
            case "rs2":
                EmitInteger(instruction.Rs2, type);
                break;
            case "rd":
                EmitInteger(instruction.Rd, type);
                break;
            case "fs1":
                EmitFloat(instruction.Rs1, type);
                break;
            case "fs2":
                EmitFloat(instruction.Rs2, type);
                break;
            case "fs3":
                EmitFloat(instruction.Rs3, type);
                break;
            case "pc":
                EmitAddress(blockOffset);
                break;
            case "value" or "memory":
                il.Emit(OpCodes.Ldloc, input!);
                break;
            default:
                int constant = parameter.Name == "zimm" ? instruction.Rs1 : instruction.Imm;
                if (type == typeof(long) || type == typeof(ulong))
                {
                    il.LoadConstant(constant);
                }
                else
                {
                    il.Emit(OpCodes.Ldc_I4, constant);
                }

                break;
        }
    }

    private void EmitInteger(int number, Type type)
    {
        EmitRegister(number & 31);
        if (type == typeof(uint))
        {
            il.Emit(OpCodes.Conv_U4);
        }
        else if (type == typeof(int))
        {
            il.Emit(OpCodes.Conv_I4);
        }
        else if (type == typeof(ushort))
        {
            il.Emit(OpCodes.Conv_U2);
        }
        else if (type == typeof(byte))
        {
            il.Emit(OpCodes.Conv_U1);
        }
        else if (type == typeof(short))
        {
            il.Emit(OpCodes.Conv_I2);
        }
        else if (type == typeof(sbyte))
        {
            il.Emit(OpCodes.Conv_I1);
        }
    }

    private void EmitFloat(int number, Type type)
    {
        il.Emit(OpCodes.Ldloc, registers.F(number));
        il.Emit(OpCodes.Call, ToBits);
        if (type == typeof(uint))
        {
            il.Emit(OpCodes.Call, UnboxSingle);
        }
        else if (type == typeof(ushort))
        {
            il.Emit(OpCodes.Call, UnboxHalf);
        }
    }
}
