using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>LOCK_INTERFACE_RESPONSE.</summary>
public sealed class TdispLockInterfaceResponse : TdispMessage
{
    internal const int NonceSize = 32;

    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.LockInterfaceResponse;

    /// <summary>START_INTERFACE_NONCE, 32 bytes: START_INTERFACE_REQUEST repeats it.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => Nonce = f.Bytes("START_INTERFACE_NONCE", Nonce, NonceSize);
}
