using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>TDISP_CAPABILITIES: what the device can do.</summary>
public sealed class TdispCapabilities : TdispMessage
{
    private const int RequestBitmapSize = 16;

    /// <summary>Requests that every device has to answer.</summary>
    public static IReadOnlyList<TdispCode> Required { get; } =
    [
        TdispCode.GetVersion, TdispCode.GetCapabilities, TdispCode.LockInterface, TdispCode.GetDeviceInterfaceReport,
        TdispCode.GetDeviceInterfaceState, TdispCode.StartInterface, TdispCode.StopInterface,
    ];

    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.Capabilities;

    /// <summary>DSM_CAPS; TDISP 1.0 defines none.</summary>
    public uint DsmCapabilities { get; set; }

    /// <summary>REQ_MSGS_SUPPORTED: one bit for each request, at the low seven bits of its type.</summary>
    public byte[] RequestsSupported { get; set; } = new byte[RequestBitmapSize];

    /// <summary>LOCK_INTERFACE_FLAGS_SUPPORTED.</summary>
    public TdispLockFlags LockFlags { get; set; }

    /// <summary>DEV_ADDR_WIDTH: address bits of the device.</summary>
    public byte AddressWidth { get; set; }

    /// <summary>NUM_REQ_THIS: outstanding requests that this interface takes.</summary>
    public byte RequestsPerInterface { get; set; }

    /// <summary>NUM_REQ_ALL: outstanding requests that the device takes.</summary>
    public byte RequestsPerDevice { get; set; }

    /// <summary>Whether the device says that it answers a request.</summary>
    public bool Supports(TdispCode request) => (RequestsSupported[((byte)request & 0x7F) / 8] >> ((byte)request % 8) & 1) != 0;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        DsmCapabilities = f.U32("DSM_CAPS", DsmCapabilities);
        RequestsSupported = f.Bytes("REQ_MSGS_SUPPORTED", RequestsSupported, RequestBitmapSize);
        LockFlags = (TdispLockFlags)f.U16("LOCK_INTERFACE_FLAGS_SUPPORTED", (ushort)LockFlags);
        f.Reserved(3);
        AddressWidth = f.U8("DEV_ADDR_WIDTH", AddressWidth);
        RequestsPerInterface = f.U8("NUM_REQ_THIS", RequestsPerInterface);
        RequestsPerDevice = f.U8("NUM_REQ_ALL", RequestsPerDevice);
    }
}
