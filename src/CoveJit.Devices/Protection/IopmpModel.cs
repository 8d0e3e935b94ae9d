namespace CoveJit.Devices.Protection;

/// <summary>Models of the IOPMP specification (application note, "IOPMP Implementation Models").</summary>
public enum IopmpModel
{
    /// <summary>SRCMD and MDCFG tables as the baseline has them.</summary>
    Full,

    /// <summary>Rapid-k: each memory domain has k entries, and there is no MDCFG table.</summary>
    Rapid,

    /// <summary>Compact-k: as rapid-k, and RRID i has memory domain i alone, so that there is no SRCMD table either.</summary>
    Compact,
}
