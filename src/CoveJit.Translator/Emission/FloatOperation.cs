using System.Runtime.Intrinsics.X86;
using CoveJit.Isa;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Translator.Emission;

/// <summary>The shapes of floating-point operations that the host's instructions do as RISC-V asks, flags included.</summary>
internal enum FloatShape
{
    Add,
    Subtract,
    Multiply,
    Divide,
    SquareRoot,
    FusedMultiplyAdd,
    Equal,
    Less,
    LessOrEqual,
    Minimum,
    Maximum,
    ToInt32,
    ToUInt32,
    ToInt64,
    ToUInt64,
    FromInt32,
    FromUInt32,
    FromInt64,
    FromUInt64,
    Narrow,
    Widen,
}

/// <summary>How an operation is done on the host's floating-point unit.</summary>
/// <param name="Shape">What it computes.</param>
/// <param name="Single">Whether its operands (of a conversion to floating point, its result) are single precision.</param>
/// <param name="NegateProduct">Of a fused multiply-add: whether the product is negated.</param>
/// <param name="NegateAddend">Of a fused multiply-add: whether the addend is negated.</param>
internal sealed record FloatOperation(FloatShape Shape, bool Single, bool NegateProduct = false, bool NegateAddend = false)
{
    private static readonly Dictionary<Op, FloatOperation> Known = new()
    {
        [Op.FaddS] = new(FloatShape.Add, true),
        [Op.FaddD] = new(FloatShape.Add, false),
        [Op.FsubS] = new(FloatShape.Subtract, true),
        [Op.FsubD] = new(FloatShape.Subtract, false),
        [Op.FmulS] = new(FloatShape.Multiply, true),
        [Op.FmulD] = new(FloatShape.Multiply, false),
        [Op.FdivS] = new(FloatShape.Divide, true),
        [Op.FdivD] = new(FloatShape.Divide, false),
        [Op.FsqrtS] = new(FloatShape.SquareRoot, true),
        [Op.FsqrtD] = new(FloatShape.SquareRoot, false),
        [Op.FmaddS] = new(FloatShape.FusedMultiplyAdd, true),
        [Op.FmaddD] = new(FloatShape.FusedMultiplyAdd, false),
        [Op.FmsubS] = new(FloatShape.FusedMultiplyAdd, true, NegateAddend: true),
        [Op.FmsubD] = new(FloatShape.FusedMultiplyAdd, false, NegateAddend: true),
        [Op.FnmsubS] = new(FloatShape.FusedMultiplyAdd, true, NegateProduct: true),
        [Op.FnmsubD] = new(FloatShape.FusedMultiplyAdd, false, NegateProduct: true),
        [Op.FnmaddS] = new(FloatShape.FusedMultiplyAdd, true, NegateProduct: true, NegateAddend: true),
        [Op.FnmaddD] = new(FloatShape.FusedMultiplyAdd, false, NegateProduct: true, NegateAddend: true),
        [Op.FeqS] = new(FloatShape.Equal, true),
        [Op.FeqD] = new(FloatShape.Equal, false),
        [Op.FltS] = new(FloatShape.Less, true),
        [Op.FltD] = new(FloatShape.Less, false),
        [Op.FleS] = new(FloatShape.LessOrEqual, true),
        [Op.FleD] = new(FloatShape.LessOrEqual, false),
        [Op.FminS] = new(FloatShape.Minimum, true),
        [Op.FminD] = new(FloatShape.Minimum, false),
        [Op.FmaxS] = new(FloatShape.Maximum, true),
        [Op.FmaxD] = new(FloatShape.Maximum, false),
        [Op.FcvtWS] = new(FloatShape.ToInt32, true),
        [Op.FcvtWD] = new(FloatShape.ToInt32, false),
        [Op.FcvtWuS] = new(FloatShape.ToUInt32, true),
        [Op.FcvtWuD] = new(FloatShape.ToUInt32, false),
        [Op.FcvtLS] = new(FloatShape.ToInt64, true),
        [Op.FcvtLD] = new(FloatShape.ToInt64, false),
        [Op.FcvtLuS] = new(FloatShape.ToUInt64, true),
        [Op.FcvtLuD] = new(FloatShape.ToUInt64, false),
        [Op.FcvtSW] = new(FloatShape.FromInt32, true),
        [Op.FcvtDW] = new(FloatShape.FromInt32, false),
        [Op.FcvtSWu] = new(FloatShape.FromUInt32, true),
        [Op.FcvtDWu] = new(FloatShape.FromUInt32, false),
        [Op.FcvtSL] = new(FloatShape.FromInt64, true),
        [Op.FcvtDL] = new(FloatShape.FromInt64, false),
        [Op.FcvtSLu] = new(FloatShape.FromUInt64, true),
        [Op.FcvtDLu] = new(FloatShape.FromUInt64, false),
        [Op.FcvtSD] = new(FloatShape.Narrow, false),
        [Op.FcvtDS] = new(FloatShape.Widen, true),
    };

    /// <summary>Whether the shape is a conversion from floating point to an integer.</summary>
    public bool ToInteger => Shape is FloatShape.ToInt32 or FloatShape.ToUInt32 or FloatShape.ToInt64 or FloatShape.ToUInt64;

    /// <summary>
    /// The way to do an instruction; null if it is left to the interpreter: an operation that is not here, or a rounding mode other than nearest-even
    /// (truncation, for conversions to integers, is here too). The dynamic mode counts as nearest-even: regions check frm when they are entered.
    /// </summary>
    public static FloatOperation? Of(in DecodedInstruction instruction)
    {
        if (!HostFloat.IsSupported || !Known.TryGetValue(instruction.Op, out FloatOperation? operation) || (operation.Shape == FloatShape.FusedMultiplyAdd && !Fma.IsSupported))
        {
            return null;
        }

        bool permitted = !OpInfo.HasRm(instruction.Op)
            || (RoundingMode)instruction.Rm is RoundingMode.Rne or RoundingMode.Dynamic
            || ((RoundingMode)instruction.Rm == RoundingMode.Rtz && operation.ToInteger);
        return permitted ? operation : null;
    }
}
