namespace CoveJit.Monitor.Sbi;

/// <summary>The pair that an SBI call returns in a0 and a1.</summary>
/// <param name="Error">a0.</param>
/// <param name="Value">a1.</param>
public readonly record struct SbiResult(SbiError Error, ulong Value = 0)
{
    /// <summary>Success without a value.</summary>
    public static SbiResult Success => new(SbiError.Success);

    /// <summary>Success with a value.</summary>
    public static SbiResult Of(ulong value) => new(SbiError.Success, value);

    /// <summary>An error alone.</summary>
    public static implicit operator SbiResult(SbiError error) => new(error);

    /// <summary>An error alone: the named form of the conversion.</summary>
    public static SbiResult ToSbiResult(SbiError error) => new(error);
}
