using CoveJit.Translator.X64.Assembly;

namespace CoveJit.Translator.X64.Semantics;

/// <summary>Where an operand of an instruction is.</summary>
internal readonly record struct Operand
{
    private Operand(Register? register, Mem memory, long? constant)
    {
        Register = register;
        Memory = memory;
        Constant = constant;
    }

    /// <summary>The host register that holds it, if one does.</summary>
    public Register? Register { get; }

    /// <summary>Its place in memory if neither a register nor a constant.</summary>
    public Mem Memory { get; }

    /// <summary>Its value if known.</summary>
    public long? Constant { get; }

    public static Operand In(Register register) => new(register, default, null);

    public static Operand At(Mem memory) => new(null, memory, null);

    public static Operand Of(long constant) => new(null, default, constant);
}

/// <summary>Writes expressions as host code. rax, rcx and rdx are scratch; a narrow value's upper half is whatever 32-bit instructions leave: zero.</summary>
internal sealed class NodeEmitter(Assembler assembler)
{
    private static readonly Register[] Scratch = [Register.Rax, Register.Rdx, Register.Rcx];

    // What the parameters of the expression being emitted stand for.
    private Operand[] _operands = [];

    /// <summary>Sets what parameters stand for from now on.</summary>
    public void Bind(Operand[] operands) => _operands = operands;

    /// <summary>Whether an expression can be emitted at all: found out by need of scratch registers.</summary>
    public static bool CanEmit(Node node) => node switch
    {
        Parameter or Constant => true,
        Unary unary => CanEmit(unary.Operand),
        Comparison comparison => CanEmit(comparison.Left) && IsLeafLike(comparison.Right),
        Choice choice => CanEmit(choice.Test) && CanEmit(choice.Then) && CanEmit(choice.Else),
        Binary binary => binary.Op switch
        {
            _ when TakesFixedRegisters(binary.Op) => IsLeafLike(binary.Left) && IsLeafLike(binary.Right),
            _ when IsShift(binary.Op) => CanEmit(binary.Left) && IsLeafLike(StripMask(binary.Right, binary.Wide)),
            _ => CanEmit(binary.Left) && CanEmit(binary.Right),
        },
        _ => false,
    };

    /// <summary>Puts a value into a register, of which the upper half of a narrow one does not count.</summary>
    public void Emit(Node node, Register destination)
    {
        if (IsScratch(destination) || IsSafeInPlace(node, destination))
        {
            Generate(node, destination);
        }
        else
        {
            Generate(node, Register.Rax);
            assembler.Move(destination, Register.Rax);
        }
    }

    /// <summary>Emits a test; the condition under which it holds.</summary>
    public Condition EmitTest(Node node)
    {
        if (node is not Comparison comparison)
        {
            Generate(node, Register.Rax);
            assembler.Test(Register.Rax, Register.Rax, node.Wide);
            return Condition.NotEqual;
        }

        bool wide = comparison.Left.Wide;
        Operand right = Leaf(comparison.Right)!.Value;
        Register left;
        if (Leaf(comparison.Left) is { Register: Register held })
        {
            left = held;
        }
        else
        {
            left = Register.Rax;
            Generate(comparison.Left, left);
        }

        if (right.Constant == 0 && comparison.Relation is Relation.Equal or Relation.NotEqual)
        {
            assembler.Test(left, left, wide);
            return ConditionOf(comparison.Relation);
        }

        Apply(Alu.Cmp, left, right, wide);
        return ConditionOf(comparison.Relation);
    }

    private static Condition ConditionOf(Relation relation) => relation switch
    {
        Relation.Equal => Condition.Equal,
        Relation.NotEqual => Condition.NotEqual,
        Relation.Less => Condition.Less,
        Relation.LessOrEqual => Condition.LessOrEqual,
        Relation.Greater => Condition.Greater,
        Relation.GreaterOrEqual => Condition.GreaterOrEqual,
        Relation.Below => Condition.Below,
        Relation.BelowOrEqual => Condition.BelowOrEqual,
        Relation.Above => Condition.Above,
        _ => Condition.AboveOrEqual,
    };

    private static bool IsScratch(Register register) => Array.IndexOf(Scratch, register) >= 0;

    // A parameter, a constant, or one of them narrowed: what needs no code of its own as a second operand.
    private static bool IsLeafLike(Node node) => node is Parameter or Constant or Unary { Op: UnaryOp.Truncate32, Operand: Parameter or Constant };

    private static bool IsShift(BinaryOp op) => op is BinaryOp.ShiftLeft or BinaryOp.ShiftRight or BinaryOp.ShiftRightArithmetic or BinaryOp.RotateLeft or BinaryOp.RotateRight;

    // Operations whose operands go through rax and rcx, whatever the destination.
    private static bool TakesFixedRegisters(BinaryOp op) => op is BinaryOp.Divide or BinaryOp.DivideUnsigned or BinaryOp.Remainder or BinaryOp.RemainderUnsigned
        or BinaryOp.MultiplyHigh or BinaryOp.MultiplyHighUnsigned || IsPacked(op);

    private static bool IsPacked(BinaryOp op) => op is BinaryOp.CarrylessLow or BinaryOp.CarrylessHigh
        or BinaryOp.AesEncrypt or BinaryOp.AesEncryptLast or BinaryOp.AesDecrypt or BinaryOp.AesDecryptLast;

    // The host masks shift counts as RISC-V does; RyuJIT's guards in the IL are not needed.
    private static Node StripMask(Node count, bool wide)
    {
        while (true)
        {
            switch (count)
            {
                case Binary { Op: BinaryOp.And, Right: Constant { Value: 63 } } masked when wide:
                    count = masked.Left;
                    break;
                case Binary { Op: BinaryOp.And, Right: Constant { Value: 31 } } masked when !wide:
                    count = masked.Left;
                    break;
                case Unary { Op: UnaryOp.Truncate32 or UnaryOp.SignExtend32 or UnaryOp.ZeroExtend32 } converted:
                    count = converted.Operand;
                    break;
                default:
                    return count;
            }
        }
    }

    private bool IsSafeInPlace(Node node, Register destination) => node switch
    {
        Unary unary => IsSafeInPlace(unary.Operand, destination),
        Binary binary => IsSafeInPlace(binary.Left, destination) && !Uses(binary.Right, destination) && !TakesFixedRegisters(binary.Op),
        Choice choice => IsSafeInPlace(choice.Then, destination) && IsSafeInPlace(choice.Else, destination),
        _ => true,
    };

    private bool Uses(Node node, Register register) => node switch
    {
        Parameter parameter => _operands[parameter.Index].Register == register,
        Unary unary => Uses(unary.Operand, register),
        Binary binary => Uses(binary.Left, register) || Uses(binary.Right, register),
        Comparison comparison => Uses(comparison.Left, register) || Uses(comparison.Right, register),
        Choice choice => Uses(choice.Test, register) || Uses(choice.Then, register) || Uses(choice.Else, register),
        _ => false,
    };

    private Operand? Leaf(Node node) => node switch
    {
        Parameter parameter => _operands[parameter.Index],
        Constant constant => Operand.Of(constant.Value),
        Unary { Op: UnaryOp.Truncate32, Operand: var inner } => Leaf(inner) is { Constant: long value } ? Operand.Of((int)value) : Leaf(inner),
        _ => null,
    };

    private void Generate(Node node, Register destination)
    {
        switch (node)
        {
            case Parameter or Constant:
                Load(Leaf(node)!.Value, destination, node.Wide);
                break;
            case Unary unary:
                GenerateUnary(unary, destination);
                break;
            case Binary binary:
                GenerateBinary(binary, destination);
                break;
            case Comparison comparison:
                Condition condition = EmitTest(comparison);
                assembler.SetIf(condition, Register.Rax);
                assembler.ZeroExtend8(destination, Register.Rax);
                break;
            case Choice choice:
                GenerateChoice(choice, destination);
                break;
            default:
                throw new InvalidOperationException($"no code for {node}");
        }
    }

    private void GenerateChoice(Choice choice, Register destination)
    {
        Label otherwise = new();
        Label end = new();
        Condition condition = EmitTest(choice.Test);
        assembler.JumpIf((Condition)((int)condition ^ 1), otherwise);
        Generate(choice.Then, destination);
        assembler.Jump(end);
        assembler.Mark(otherwise);
        Generate(choice.Else, destination);
        assembler.Mark(end);
    }

    private void GenerateUnary(Unary unary, Register destination)
    {
        Operand? leaf = Leaf(unary.Operand);
        switch (unary.Op)
        {
            case UnaryOp.SignExtend32 when leaf is { Register: Register source }:
                assembler.SignExtend32(destination, source);
                return;
            case UnaryOp.SignExtend32 when leaf is { Register: null, Constant: null }:
                assembler.LoadSign32(destination, leaf.Value.Memory);
                return;
            default:
                break;
        }

        if (leaf is Operand value)
        {
            Load(value, destination, unary.Operand.Wide);
        }
        else
        {
            Generate(unary.Operand, destination);
        }

        bool wide = unary.Operand.Wide;
        switch (unary.Op)
        {
            case UnaryOp.Negate:
                assembler.Negate(destination, wide);
                break;
            case UnaryOp.Not:
                assembler.Not(destination, wide);
                break;
            case UnaryOp.SignExtend8:
                assembler.SignExtend8(destination, destination);
                break;
            case UnaryOp.SignExtend16:
                assembler.SignExtend16(destination, destination);
                break;
            case UnaryOp.SignExtend32:
                assembler.SignExtend32(destination, destination);
                break;
            case UnaryOp.ZeroExtend8:
                assembler.ZeroExtend8(destination, destination);
                break;
            case UnaryOp.ZeroExtend16:
                assembler.ZeroExtend16(destination, destination);
                break;
            case UnaryOp.ZeroExtend32 when unary.Operand is Comparison:
                break;
            case UnaryOp.ZeroExtend32:
                assembler.Move(destination, destination, wide: false);
                break;
            case UnaryOp.Truncate32:
                break;
            case UnaryOp.LeadingZeros:
                assembler.CountLeadingZeros(destination, destination, wide);
                break;
            case UnaryOp.TrailingZeros:
                assembler.CountTrailingZeros(destination, destination, wide);
                break;
            case UnaryOp.Ones:
                assembler.CountOnes(destination, destination, wide);
                break;
            case UnaryOp.ReverseBytes:
                assembler.ReverseBytes(destination, wide);
                break;
            default:
                throw new InvalidOperationException($"no code for {unary.Op}");
        }
    }

    private void GenerateBinary(Binary binary, Register destination)
    {
        if (IsShift(binary.Op))
        {
            GenerateShift(binary, destination);
            return;
        }

        if (IsPacked(binary.Op))
        {
            GeneratePacked(binary, destination);
            return;
        }

        switch (binary.Op)
        {
            case BinaryOp.Divide or BinaryOp.DivideUnsigned or BinaryOp.Remainder or BinaryOp.RemainderUnsigned:
                GenerateDivision(binary, destination);
                return;
            case BinaryOp.MultiplyHigh or BinaryOp.MultiplyHighUnsigned:
                Load(Leaf(binary.Right)!.Value, Register.Rcx, wide: true);
                Load(Leaf(binary.Left)!.Value, Register.Rax, wide: true);
                if (binary.Op == BinaryOp.MultiplyHigh)
                {
                    assembler.MultiplyWideSigned(Register.Rcx);
                }
                else
                {
                    assembler.MultiplyWide(Register.Rcx);
                }

                assembler.Move(destination, Register.Rdx);
                return;
            case BinaryOp.Add when Leaf(binary.Left) is { Register: Register left } && left != destination:
                if (Leaf(binary.Right) is { Constant: long constant } && constant == (int)constant)
                {
                    assembler.Lea(destination, new Mem(left, (int)constant), binary.Wide);
                    return;
                }

                if (Leaf(binary.Right) is { Register: Register right })
                {
                    assembler.Lea(destination, new Mem(left, 0, right), binary.Wide);
                    return;
                }

                break;
            default:
                break;
        }

        // A complex right side is computed first; the left one may need all scratch registers again.
        Operand second;
        if (Leaf(binary.Right) is Operand leaf)
        {
            second = leaf;
            Generate(binary.Left, destination);
        }
        else
        {
            Register scratch = destination == Register.Rdx ? Register.Rcx : Register.Rdx;
            bool saves = Leaf(binary.Left) is null;
            Generate(binary.Right, scratch);
            if (saves)
            {
                assembler.Push(scratch);
            }

            Generate(binary.Left, destination);
            if (saves)
            {
                assembler.Pop(scratch);
            }

            second = Operand.In(scratch);
        }

        if (binary.Op == BinaryOp.Multiply)
        {
            Register factor = second.Register ?? (destination == Register.Rcx ? Register.Rax : Register.Rcx);
            if (second.Register is null)
            {
                Load(second, factor, binary.Wide);
            }

            assembler.Multiply(destination, factor, binary.Wide);
            return;
        }

        Apply(
            binary.Op switch
            {
                BinaryOp.Add => Alu.Add,
                BinaryOp.Subtract => Alu.Sub,
                BinaryOp.And => Alu.And,
                BinaryOp.Or => Alu.Or,
                _ => Alu.Xor,
            },
            destination,
            second,
            binary.Wide);
    }

    private void GenerateShift(Binary binary, Register destination)
    {
        Shift shift = binary.Op switch
        {
            BinaryOp.ShiftLeft => Shift.Left,
            BinaryOp.ShiftRight => Shift.Right,
            BinaryOp.ShiftRightArithmetic => Shift.RightArithmetic,
            BinaryOp.RotateLeft => Shift.RotateLeft,
            _ => Shift.RotateRight,
        };
        Node count = StripMask(binary.Right, binary.Wide);
        if (Leaf(count) is { Constant: long constant })
        {
            Generate(binary.Left, destination);
            int bits = (int)constant & (binary.Wide ? 63 : 31);
            if (bits != 0)
            {
                assembler.ShiftBy(shift, destination, bits, binary.Wide);
            }

            return;
        }

        Register work = destination == Register.Rcx ? Register.Rax : destination;
        Generate(binary.Left, work);
        Generate(count, Register.Rcx);
        assembler.ShiftByCl(shift, work, binary.Wide);
        assembler.Move(destination, work);
    }

    private void GenerateDivision(Binary binary, Register destination)
    {
        Load(Leaf(binary.Right)!.Value, Register.Rcx, binary.Wide);
        Load(Leaf(binary.Left)!.Value, Register.Rax, binary.Wide);
        if (binary.Op is BinaryOp.Divide or BinaryOp.Remainder)
        {
            assembler.SignIntoRdx(binary.Wide);
            assembler.DivideSigned(Register.Rcx, binary.Wide);
        }
        else
        {
            assembler.Op(Alu.Xor, Register.Rdx, Register.Rdx, wide: false);
            assembler.Divide(Register.Rcx, binary.Wide);
        }

        assembler.Move(destination, binary.Op is BinaryOp.Divide or BinaryOp.DivideUnsigned ? Register.Rax : Register.Rdx);
    }

    // xmm0 and xmm1 hold nothing between instructions.
    private void GeneratePacked(Binary binary, Register destination)
    {
        Load(Leaf(binary.Right)!.Value, Register.Rcx, wide: true);
        Load(Leaf(binary.Left)!.Value, Register.Rax, wide: true);
        assembler.MoveToXmm(0, Register.Rax, wide: true);
        assembler.MoveToXmm(1, Register.Rcx, wide: true);
        if (binary.Op is BinaryOp.CarrylessLow or BinaryOp.CarrylessHigh)
        {
            assembler.CarrylessMultiply(0, 1);
            if (binary.Op == BinaryOp.CarrylessHigh)
            {
                assembler.Packed(PackedOp.UnpackHigh, 0, 0);
            }
        }
        else
        {
            // The round key is added by an instruction of the guest's own.
            assembler.Packed(PackedOp.UnpackLow, 0, 1);
            assembler.Packed(PackedOp.Xor, 1, 1);
            assembler.Aes(
                binary.Op switch
                {
                    BinaryOp.AesEncrypt => AesOp.Encrypt,
                    BinaryOp.AesEncryptLast => AesOp.EncryptLast,
                    BinaryOp.AesDecrypt => AesOp.Decrypt,
                    _ => AesOp.DecryptLast,
                },
                0,
                1);
        }

        assembler.MoveFromXmm(destination, 0);
    }

    private void Apply(Alu op, Register destination, Operand operand, bool wide)
    {
        if (operand.Register is Register register)
        {
            assembler.Op(op, destination, register, wide);
        }
        else if (operand.Constant is long constant)
        {
            if (!wide || constant == (int)constant)
            {
                assembler.Op(op, destination, (int)constant, wide);
            }
            else
            {
                Register scratch = destination == Register.Rcx ? Register.Rdx : Register.Rcx;
                assembler.MoveConstant(scratch, constant);
                assembler.Op(op, destination, scratch, wide);
            }
        }
        else
        {
            assembler.Op(op, destination, operand.Memory, wide);
        }
    }

    private void Load(Operand operand, Register destination, bool wide)
    {
        if (operand.Register is Register register)
        {
            assembler.Move(destination, register); // a narrow value may bring its upper half along
        }
        else if (operand.Constant is long constant)
        {
            assembler.MoveConstant(destination, wide ? constant : (uint)constant);
        }
        else
        {
            assembler.Load(destination, operand.Memory, wide);
        }
    }
}
