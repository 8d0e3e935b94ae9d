using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>LOCK_INTERFACE_REQUEST: fixes the interface's configuration.</summary>
public sealed class TdispLockInterface : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.LockInterface;

    /// <summary>FLAGS.</summary>
    public TdispLockFlags Flags { get; set; }

    /// <summary>Default stream ID: the IDE stream that TLPs of the TEE go through.</summary>
    public byte DefaultStreamId { get; set; }

    /// <summary>MMIO_REPORTING_OFFSET: added to addresses in the report.</summary>
    public ulong MmioReportingOffset { get; set; }

    /// <summary>BIND_P2P_ADDRESS_MASK.</summary>
    public ulong BindP2pAddressMask { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Flags = (TdispLockFlags)f.U16("FLAGS", (ushort)Flags);
        DefaultStreamId = f.U8("Default StreamID", DefaultStreamId);
        f.Reserved(1);
        MmioReportingOffset = f.U64("MMIO_REPORTING_OFFSET", MmioReportingOffset);
        BindP2pAddressMask = f.U64("BIND_P2P_ADDRESS_MASK", BindP2pAddressMask);
    }
}
