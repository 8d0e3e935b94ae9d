namespace CoveJit.Monitor.Sbi;

/// <summary>An SBI extension: an identifier and its functions.</summary>
public interface ISbiExtension
{
    /// <summary>EIDs it answers <c>sbi_probe_extension</c> for.</summary>
    IEnumerable<uint> Identifiers { get; }

    /// <summary>Its functions.</summary>
    IEnumerable<SbiFunction> Functions { get; }
}
