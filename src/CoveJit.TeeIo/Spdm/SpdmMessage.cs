using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm;

/// <summary>An SPDM message: version, code, and what its declaration adds, Param1 and Param2 first (DSP0274, "Generic SPDM message format").</summary>
public abstract class SpdmMessage : WireMessage
{
    /// <summary>SPDM 1.2 in a header.</summary>
    public const byte Version12 = 0x12;

    /// <summary>SPDM 1.0 in a header: what GET_VERSION and VERSION are sent as.</summary>
    public const byte Version10 = 0x10;

    /// <summary>The size of the header, Param1 and Param2 included.</summary>
    public const int HeaderSize = 4;

    /// <summary>The code of this message.</summary>
    public abstract SpdmCode Code { get; }

    /// <summary>SPDMVersion, 0x12 for SPDM 1.2.</summary>
    public byte Version { get; set; } = Version12;

    /// <summary>Reads a message of any code.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="context">What the layout depends on.</param>
    /// <param name="message">The message.</param>
    /// <param name="size">Its size without the transport's filling.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    /// <param name="padding">How many bytes of zero the transport may have appended.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> bytes, MessageContext context, [NotNullWhen(true)] out SpdmMessage? message, out int size, [NotNullWhen(false)] out MessageFault? fault, int padding = 0)
    {
        message = null;
        size = 0;
        if (bytes.Length < HeaderSize)
        {
            fault = new MessageFault("header", "shorter than four bytes");
            return false;
        }

        if (!SpdmMessageTable.TryCreate((SpdmCode)bytes.Span[1], out message))
        {
            fault = new MessageFault("RequestResponseCode", $"0x{bytes.Span[1]:X2} is not declared");
            return false;
        }

        fault = message.Fill(bytes, context, padding, out size);
        return fault is null;
    }

    /// <inheritdoc/>
    protected internal sealed override void Visit(FieldVisitor f)
    {
        Version = f.U8("SPDMVersion", Version);
        f.U8("RequestResponseCode", (byte)Code);
        Fields(f);
    }

    /// <summary>Visits Param1, Param2 and what follows.</summary>
    /// <param name="f">The visitor.</param>
    protected abstract void Fields(FieldVisitor f);
}
