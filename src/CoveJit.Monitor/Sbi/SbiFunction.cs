namespace CoveJit.Monitor.Sbi;

/// <summary>
/// The declaration of one SBI function: dispatch, tracing and statistics derive from it.
/// </summary>
/// <param name="Extension">EID.</param>
/// <param name="Function">FID.</param>
/// <param name="Name">Name as the specification spells it, without the <c>sbi_</c> prefix.</param>
/// <param name="Arguments">Names of the argument registers from a0 on, for traces.</param>
/// <param name="Handler">What it does. It returns null if the caller's registers are not to be touched (it never returns, or it has set them).</param>
public sealed record SbiFunction(uint Extension, uint Function, string Name, string[] Arguments, Func<SbiCall, SbiResult?> Handler)
{
    private long _calls;

    /// <summary>How often it was called.</summary>
    public long Calls => Volatile.Read(ref _calls);

    /// <summary>A legacy call (SBI 0.1): returns its value in a0 alone and has no function number.</summary>
    public bool IsLegacy => Extension <= 0x0F;

    internal void Count() => Interlocked.Increment(ref _calls);
}
