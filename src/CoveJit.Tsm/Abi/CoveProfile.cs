namespace CoveJit.Tsm.Abi;

/// <summary>Which numbering of the functions a machine's TSM has; fixed when the machine is made.</summary>
public enum CoveProfile
{
    /// <summary>The specification as of revision 0.7.</summary>
    Current,

    /// <summary>The older one of the Salus TSM: no promotion, no SDID, other numbers from COVH 7 on, a shorter tsm_info.</summary>
    Salus,
}
