namespace CoveJit.Monitor.Sbi;

/// <summary>An SBI extension: an identifier and its functions.</summary>
public interface ISbiExtension
{
    /// <summary>EIDs it answers <c>sbi_probe_extension</c> for.</summary>
    IEnumerable<uint> Identifiers { get; }

    /// <summary>Whether only the host's supervisor domain has it: what it changes is the machine's, or a hart's for all domains.</summary>
    bool IsHostOnly => false;

    /// <summary>Its functions.</summary>
    IEnumerable<SbiFunction> Functions { get; }
}
