namespace CoveJit.TeeIo.Spdm;

/// <summary>KeySchedule structure.</summary>
[Flags]
public enum KeySchedules : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The SPDM key schedule.</summary>
    Spdm = 1,
}
