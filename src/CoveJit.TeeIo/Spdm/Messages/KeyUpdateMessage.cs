using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>What KEY_UPDATE and KEY_UPDATE_ACK have in common: everything but the code.</summary>
public abstract class KeyUpdateMessage : SpdmMessage
{
    /// <summary>Param1, KeyOperation.</summary>
    public KeyUpdateOperation Operation { get; set; } = KeyUpdateOperation.UpdateKey;

    /// <summary>Param2, Tag: the acknowledgement repeats it.</summary>
    public byte Tag { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Operation = (KeyUpdateOperation)f.U8("Param1: KeyOperation", (byte)Operation);
        f.Check(Enum.IsDefined(Operation), "KeyOperation is 1, 2 or 3");
        Tag = f.U8("Param2: Tag", Tag);
    }
}
