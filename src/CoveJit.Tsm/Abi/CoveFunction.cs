using CoveJit.Monitor.Sbi;

namespace CoveJit.Tsm.Abi;

/// <summary>
/// The declaration of one function: dispatch, validation, traces, statistics and docs/cove-abi.md derive from it.
/// </summary>
/// <param name="Extension">EID.</param>
/// <param name="Function">FID of the current profile.</param>
/// <param name="Salus">FID of the Salus profile; null if that has no such function.</param>
/// <param name="Name">Name as the specification spells it, without <c>sbi_</c> and the extension.</param>
/// <param name="Arguments">The argument registers from a0 on.</param>
/// <param name="Effect">What it does, and under which conditions.</param>
/// <param name="Value">What it returns in a1; empty if nothing.</param>
/// <param name="Errors">The errors that it returns beside those of its arguments' rules, and when.</param>
/// <param name="Handler">Does it. Returns null if the hart is no longer where it was called (<c>run_tvm_vcpu</c>). Null itself for a
/// function that is not supported: it returns SBI_ERR_NOT_SUPPORTED whatever its arguments.</param>
public sealed record CoveFunction(
    CoveExtension Extension,
    uint Function,
    uint? Salus,
    string Name,
    CoveArgument[] Arguments,
    string Effect,
    string Value,
    CoveErrorCase[] Errors,
    Func<CoveCall, SbiResult?>? Handler)
{
    private const uint FirstOfDevices = 1024;

    /// <summary>Name with what the specification puts before it.</summary>
    public string FullName => Extension switch
    {
        CoveExtension.Host => "sbi_covh_",
        CoveExtension.Interrupts => "sbi_covi_",
        CoveExtension.Guest => "sbi_covg_",
        _ => "sbi_nacl_",
    } + Name;

    /// <summary>Whether it is about memory that the host converts, or about making TVMs of it: with static memory it is not supported.</summary>
    public bool IsDynamic { get; init; }

    /// <summary>Whether it is CoVE-IO's: without devices that can be connected it is not supported.</summary>
    public bool IsDevice => Function >= FirstOfDevices;

    /// <summary>FID in a profile; null if the profile lacks the function.</summary>
    public uint? Number(CoveProfile profile) => profile == CoveProfile.Salus ? Salus : Function;

    /// <summary>All errors that it may return, those of its arguments' rules included.</summary>
    public IEnumerable<SbiError> AllErrors =>
        (Handler is null ? [] : Arguments.Where(a => a.HasRule).Select(a => a.ErrorOfRule)).Concat(Errors.Select(e => e.Error)).Distinct();
}
