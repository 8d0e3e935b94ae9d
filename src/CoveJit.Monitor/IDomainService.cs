using CoveJit.Harts;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor;

/// <summary>
/// SBI extensions that are served by the security manager of another supervisor domain than the caller's: what the firmware hands on to it (CoVE,
/// "TEECALL").
/// </summary>
public interface IDomainService
{
    /// <summary>EIDs of the extensions; <c>sbi_probe_extension</c> answers for them.</summary>
    IEnumerable<uint> Extensions { get; }

    /// <summary>Serves a call from S-mode. pc is behind the ecall.</summary>
    /// <param name="hart">The calling hart.</param>
    /// <param name="extension">EID, one of <see cref="Extensions"/>.</param>
    /// <param name="function">All of a6: function and domain.</param>
    /// <returns>What a0 and a1 get; null if the hart is elsewhere now.</returns>
    SbiResult? Call(Hart hart, uint extension, ulong function);
}
