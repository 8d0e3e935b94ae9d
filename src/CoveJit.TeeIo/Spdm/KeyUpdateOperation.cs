namespace CoveJit.TeeIo.Spdm;

/// <summary>Param1 of KEY_UPDATE.</summary>
public enum KeyUpdateOperation : byte
{
    /// <summary>UpdateKey: the sender's own.</summary>
    UpdateKey = 1,

    /// <summary>UpdateAllKeys: both directions.</summary>
    UpdateAllKeys = 2,

    /// <summary>VerifyNewKey: the first message under the new key.</summary>
    VerifyNewKey = 3,
}
