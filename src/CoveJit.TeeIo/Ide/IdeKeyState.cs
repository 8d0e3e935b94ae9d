namespace CoveJit.TeeIo.Ide;

/// <summary>What has become of a key; the numbers are those of CoVE-IO's rp_ide_key_status.</summary>
public enum IdeKeyState : byte
{
    /// <summary>There is none.</summary>
    Cleared = 0,

    /// <summary>It has been programmed and is not in use.</summary>
    Programmed = 1,

    /// <summary>It is in use.</summary>
    Enabled = 2,
}
