using System.Buffers.Binary;
using System.Globalization;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm.Session;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>
/// What a malicious responder says in a session in place of its answer, with its keys in hand: the record is as good as any. What it has done is what the
/// true answer says. For attacks and tests; a responder lies while <see cref="SpdmResponder.Lie"/> is set, and then answers vendors' protocols outside of
/// sessions, too.
/// </summary>
/// <param name="Request">The code of the requests that it lies about.</param>
/// <param name="Protocol">Of vendor-defined requests: the protocol of PCI-SIG.</param>
/// <param name="Message">Of vendor-defined requests: the protocol's own code.</param>
/// <param name="Kind">What is wrong.</param>
/// <param name="At">The place of the byte that is wrong, in the SPDM message.</param>
/// <param name="Value">How wrong it is: bits, bytes or records.</param>
public sealed record ResponderLie(SpdmCode Request, byte Protocol, byte Message, ResponderLieKind Kind, int At, int Value)
{
    // A vendor-defined message of PCI-SIG: header, StandardID, Len, VendorID, PayloadLength, the protocol's number.
    private const int PayloadLengthAt = 9;
    private const int ProtocolAt = 11;
    private const int BodyAt = 12;

    /// <summary>Reads one from its six parts in decimal, with spaces between: codes and protocol, the kind by name.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ResponderLie Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(' ');
        return parts.Length == 6 && Enum.TryParse(parts[3], ignoreCase: true, out ResponderLieKind kind)
            ? new ResponderLie((SpdmCode)Number(parts[0]), Number(parts[1]), Number(parts[2]), kind, int.Parse(parts[4], CultureInfo.InvariantCulture), int.Parse(parts[5], CultureInfo.InvariantCulture))
            : throw new FormatException($"'{text}' is no lie");
    }

    /// <summary>How the record of an answer is made.</summary>
    internal RecordForm Form => Kind switch
    {
        ResponderLieKind.Session => new RecordForm(SessionFlips: (uint)Value),
        ResponderLieKind.Sequence => new RecordForm(Skipped: (ulong)Value),
        ResponderLieKind.Length => new RecordForm(MessageLength: Value),
        ResponderLieKind.RecordLength => new RecordForm(RecordLength: Value),
        _ => default,
    };

    /// <summary>Whether it is about a request.</summary>
    internal bool IsAbout(ReadOnlySpan<byte> request)
    {
        if (request.Length < SpdmMessage.HeaderSize || request[1] != (byte)Request)
        {
            return false;
        }

        // TDISP has its version before its code.
        return Request != SpdmCode.VendorDefinedRequest
            || (request.Length > BodyAt + 1 && request[ProtocolAt] == Protocol && request[Protocol == PciSigVendor.Tdisp ? BodyAt + 1 : BodyAt] == Message);
    }

    /// <summary>What is said in an answer's place.</summary>
    internal byte[] Reword(byte[] answer)
    {
        switch (Kind)
        {
            case ResponderLieKind.Flip when At < answer.Length:
                byte[] told = [.. answer];
                told[At] ^= (byte)Value;
                return told;
            case ResponderLieKind.Cut when Value <= answer.Length:
                return WithLength(answer[..^Value], -Value);
            case ResponderLieKind.Add:
                return WithLength([.. answer, .. Enumerable.Repeat((byte)0xA5, Value)], Value);
            case ResponderLieKind.Error:
                return [answer[0], (byte)SpdmCode.Error, (byte)Value, 0];
            default:
                return answer;
        }
    }

    // A vendor's message is as long as it says.
    private byte[] WithLength(byte[] message, int change)
    {
        if (Request == SpdmCode.VendorDefinedRequest && message.Length >= ProtocolAt)
        {
            Span<byte> length = message.AsSpan(PayloadLengthAt);
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(length) + change));
        }

        return message;
    }

    private static byte Number(string text) => byte.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>What is wrong with an answer of a <see cref="ResponderLie"/>.</summary>
public enum ResponderLieKind
{
    /// <summary>Bits of a byte.</summary>
    Flip,

    /// <summary>It ends too early.</summary>
    Cut,

    /// <summary>Something follows it.</summary>
    Add,

    /// <summary>It is ERROR with a code.</summary>
    Error,

    /// <summary>It comes in the clear.</summary>
    Clear,

    /// <summary>Bits of the record's session ID.</summary>
    Session,

    /// <summary>The record's sequence number is that of a later one.</summary>
    Sequence,

    /// <summary>The application data length in the record.</summary>
    Length,

    /// <summary>The record's own length.</summary>
    RecordLength,
}
