using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>A message of TDISP: 16 bytes of header and what its declaration adds.</summary>
public abstract class TdispMessage : WireMessage
{
    /// <summary>TDISP 1.0 in a header.</summary>
    public const byte Version10 = 0x10;

    internal const int HeaderSize = 16;

    private static readonly FrozenDictionary<TdispCode, Func<TdispMessage>> Factories;

    static TdispMessage()
    {
        Dictionary<TdispCode, Func<TdispMessage>> factories = [];
        List<MessageDeclaration> all = [];
        void Declare(string name, Func<TdispMessage> create)
        {
            TdispCode code = create().Code;
            factories.Add(code, create);
            all.Add(new MessageDeclaration(name, (byte)code, create));
        }

        Declare("GET_TDISP_VERSION", static () => new TdispGetVersion());
        Declare("TDISP_VERSION", static () => new TdispVersion());
        Declare("GET_TDISP_CAPABILITIES", static () => new TdispGetCapabilities());
        Declare("TDISP_CAPABILITIES", static () => new TdispCapabilities());
        Declare("LOCK_INTERFACE_REQUEST", static () => new TdispLockInterface());
        Declare("LOCK_INTERFACE_RESPONSE", static () => new TdispLockInterfaceResponse());
        Declare("GET_DEVICE_INTERFACE_REPORT", static () => new TdispGetReport());
        Declare("DEVICE_INTERFACE_REPORT", static () => new TdispReportPortion());
        Declare("GET_DEVICE_INTERFACE_STATE", static () => new TdispGetState());
        Declare("DEVICE_INTERFACE_STATE", static () => new TdispStateResponse());
        Declare("START_INTERFACE_REQUEST", static () => new TdispStartInterface());
        Declare("START_INTERFACE_RESPONSE", static () => new TdispStartInterfaceResponse());
        Declare("STOP_INTERFACE_REQUEST", static () => new TdispStopInterface());
        Declare("STOP_INTERFACE_RESPONSE", static () => new TdispStopInterfaceResponse());
        Declare("BIND_P2P_STREAM_REQUEST", static () => new TdispBindP2pStream());
        Declare("BIND_P2P_STREAM_RESPONSE", static () => new TdispBindP2pStreamResponse());
        Declare("UNBIND_P2P_STREAM_REQUEST", static () => new TdispUnbindP2pStream());
        Declare("UNBIND_P2P_STREAM_RESPONSE", static () => new TdispUnbindP2pStreamResponse());
        Declare("SET_MMIO_ATTRIBUTE_REQUEST", static () => new TdispSetMmioAttribute());
        Declare("SET_MMIO_ATTRIBUTE_RESPONSE", static () => new TdispSetMmioAttributeResponse());
        Declare("TDISP_ERROR", static () => new TdispError());
        Factories = factories.ToFrozenDictionary();
        All = all;
    }

    /// <summary>All messages, requests before their responses.</summary>
    public static IReadOnlyList<MessageDeclaration> All { get; }

    /// <summary>The message's type.</summary>
    public abstract TdispCode Code { get; }

    /// <summary>TDISPVersion.</summary>
    public byte Version { get; set; } = Version10;

    /// <summary>INTERFACE_ID, FUNCTION_ID: requester identifier in bits 15:0, segment in 23:16, bit 24 if the segment counts.</summary>
    public uint FunctionId { get; set; }

    /// <summary>Reads a message of any kind.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TdispMessage? message, [NotNullWhen(false)] out MessageFault? fault)
    {
        message = null;
        if (bytes.Length < HeaderSize || !Factories.TryGetValue((TdispCode)bytes.Span[1], out Func<TdispMessage>? create))
        {
            fault = new MessageFault("header", "it is too short, or the message type is not declared");
            return false;
        }

        message = create();
        fault = message.Fill(bytes, default, padding: 0, out _);
        return fault is null;
    }

    /// <inheritdoc/>
    protected internal sealed override void Visit(FieldVisitor f)
    {
        VisitHeader(f);
        Fields(f);
    }

    internal void VisitHeader(FieldVisitor f)
    {
        Version = f.U8("TDISPVersion", Version);
        f.U8("MessageType", (byte)Code);
        f.Reserved(2);
        FunctionId = f.U32("FUNCTION_ID", FunctionId);
        f.Reserved(8);
    }

    /// <summary>Visits what follows the header.</summary>
    /// <param name="f">The visitor.</param>
    protected virtual void Fields(FieldVisitor f)
    {
    }
}
