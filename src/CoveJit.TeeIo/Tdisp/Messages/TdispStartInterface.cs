using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>START_INTERFACE_REQUEST: the locked interface is accepted.</summary>
public sealed class TdispStartInterface : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.StartInterface;

    /// <summary>START_INTERFACE_NONCE, 32 bytes.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => Nonce = f.Bytes("START_INTERFACE_NONCE", Nonce, TdispLockInterfaceResponse.NonceSize);
}
