using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>An operation on encodings of one format; operands it does not use are ignored.</summary>
internal delegate ulong FloatFunction(ulong a, ulong b, ulong c, ref FloatContext context);

/// <summary>One arithmetic operation in its three forms: the reference, the integer one, and (for the wider formats) the one with a host fast path.</summary>
internal sealed record FloatOperation(
    string Name,
    ReferenceFloat Format,
    Func<ulong, ulong, ulong, RoundingMode, (ulong Bits, FloatFlags Flags)> Reference,
    FloatFunction Soft,
    FloatFunction? Fast)
{
    public static readonly RoundingMode[] Modes =
        [RoundingMode.Rne, RoundingMode.Rtz, RoundingMode.Rdn, RoundingMode.Rup, RoundingMode.Rmm];

    public static readonly IReadOnlyDictionary<string, FloatOperation> All = Create().ToDictionary(operation => operation.Name);

    public static TheoryData<string> Names => [.. All.Keys];

    public static TheoryData<string> FastNames => [.. All.Values.Where(operation => operation.Fast is not null).Select(operation => operation.Name)];

    public (ulong, ulong, ulong) Operands(OperandSource source)
    {
        ulong a = source.Next();
        bool multiplies = Name.Contains("mul", StringComparison.Ordinal) || Name.Contains("fma", StringComparison.Ordinal);
        ulong b = multiplies ? source.NextForProduct(a) : source.NextTo(a);

        // Near the product with the opposite sign: cancellation.
        FloatContext ignored = default;
        ulong product = Name.Contains("fma", StringComparison.Ordinal) ? All[$"mul{Format.Width}"].Soft(a, b, 0, ref ignored) : 0;
        return (a, b, source.NextTo(product));
    }

    private static IEnumerable<FloatOperation> Create() =>
    [
        .. Softly<Format16>(ReferenceFloat.Half, []),
        .. Softly<Format32>(ReferenceFloat.Single, new()
        {
            ["add"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary32.Add((uint)a, (uint)b, ref context),
            ["sub"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary32.Subtract((uint)a, (uint)b, ref context),
            ["mul"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary32.Multiply((uint)a, (uint)b, ref context),
            ["div"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary32.Divide((uint)a, (uint)b, ref context),
            ["sqrt"] = (ulong a, ulong _, ulong _, ref FloatContext context) => Binary32.SquareRoot((uint)a, ref context),
            ["fma"] = (ulong a, ulong b, ulong c, ref FloatContext context) => Binary32.FusedMultiplyAdd((uint)a, (uint)b, (uint)c, ref context),
            ["round"] = (ulong a, ulong _, ulong _, ref FloatContext context) => Binary32.RoundToIntegral((uint)a, signalInexact: true, ref context),
        }),
        .. Softly<Format64>(ReferenceFloat.Double, new()
        {
            ["add"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary64.Add(a, b, ref context),
            ["sub"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary64.Subtract(a, b, ref context),
            ["mul"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary64.Multiply(a, b, ref context),
            ["div"] = (ulong a, ulong b, ulong _, ref FloatContext context) => Binary64.Divide(a, b, ref context),
            ["sqrt"] = (ulong a, ulong _, ulong _, ref FloatContext context) => Binary64.SquareRoot(a, ref context),
            ["fma"] = (ulong a, ulong b, ulong c, ref FloatContext context) => Binary64.FusedMultiplyAdd(a, b, c, ref context),
            ["round"] = (ulong a, ulong _, ulong _, ref FloatContext context) => Binary64.RoundToIntegral(a, signalInexact: true, ref context),
        }),
    ];

    private static IEnumerable<FloatOperation> Softly<TFormat>(ReferenceFloat format, Dictionary<string, FloatFunction> fast)
        where TFormat : struct, IFloatFormat
    {
        FloatOperation Operation(string name, Func<ulong, ulong, ulong, RoundingMode, (ulong, FloatFlags)> reference, FloatFunction soft)
            => new(name + format.Width, format, reference, soft, fast.GetValueOrDefault(name));

        yield return Operation(
            "add",
            (a, b, _, mode) => format.Add(a, b, mode),
            (ulong a, ulong b, ulong _, ref FloatContext context) => SoftFloat.Add<TFormat>(a, b, ref context));
        yield return Operation(
            "sub",
            (a, b, _, mode) => format.Add(a, b ^ format.SignBit, mode),
            (ulong a, ulong b, ulong _, ref FloatContext context) => SoftFloat.Subtract<TFormat>(a, b, ref context));
        yield return Operation(
            "mul",
            (a, b, _, mode) => format.Multiply(a, b, mode),
            (ulong a, ulong b, ulong _, ref FloatContext context) => SoftFloat.Multiply<TFormat>(a, b, ref context));
        yield return Operation(
            "div",
            (a, b, _, mode) => format.Divide(a, b, mode),
            (ulong a, ulong b, ulong _, ref FloatContext context) => SoftFloat.Divide<TFormat>(a, b, ref context));
        yield return Operation(
            "sqrt",
            (a, _, _, mode) => format.SquareRoot(a, mode),
            (ulong a, ulong _, ulong _, ref FloatContext context) => SoftFloat.SquareRoot<TFormat>(a, ref context));
        yield return Operation(
            "fma",
            (a, b, c, mode) => format.FusedMultiplyAdd(a, b, c, mode),
            (ulong a, ulong b, ulong c, ref FloatContext context) => SoftFloat.FusedMultiplyAdd<TFormat>(a, b, c, ref context));
        yield return Operation(
            "round",
            (a, _, _, mode) => format.RoundToIntegral(a, mode),
            (ulong a, ulong _, ulong _, ref FloatContext context) => SoftConversion.RoundToIntegral<TFormat>(a, signalInexact: true, ref context));
    }
}
