using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>A message of IDE_KM: the object's number and what its declaration adds.</summary>
public abstract class IdeKmMessage : WireMessage
{
    private static readonly Dictionary<IdeKmCode, Func<IdeKmMessage>> Factories = new()
    {
        [IdeKmCode.Query] = static () => new IdeKmQuery(),
        [IdeKmCode.QueryResponse] = static () => new IdeKmQueryResponse(),
        [IdeKmCode.KeyProgram] = static () => new IdeKmKeyProgram(),
        [IdeKmCode.KeyProgramAck] = static () => new IdeKmKeyProgramAck(),
        [IdeKmCode.KeySetGo] = static () => new IdeKmKeySetGo(),
        [IdeKmCode.KeySetStop] = static () => new IdeKmKeySetStop(),
        [IdeKmCode.KeyGoStopAck] = static () => new IdeKmKeyGoStopAck(),
    };

    private static readonly string[] Names = ["QUERY", "QUERY_RESP", "KEY_PROG", "KP_ACK", "K_SET_GO", "K_SET_STOP", "K_GOSTOP_ACK"];

    /// <summary>All messages.</summary>
    public static IReadOnlyList<MessageDeclaration> All { get; } =
        [.. Factories.Select(static f => new MessageDeclaration(Names[(int)f.Key], (byte)f.Key, f.Value))];

    /// <summary>The object's number.</summary>
    public abstract IdeKmCode Code { get; }

    /// <summary>Reads a message of any kind.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out IdeKmMessage? message, [NotNullWhen(false)] out MessageFault? fault)
    {
        message = null;
        if (bytes.IsEmpty || !Factories.TryGetValue((IdeKmCode)bytes.Span[0], out Func<IdeKmMessage>? create))
        {
            fault = new MessageFault("Object ID", "there is none, or it is not declared");
            return false;
        }

        message = create();
        fault = message.Fill(bytes, default, padding: 0, out _);
        return fault is null;
    }

    /// <inheritdoc/>
    protected internal sealed override void Visit(FieldVisitor f)
    {
        f.U8("Object ID", (byte)Code);
        Fields(f);
    }

    /// <summary>Visits what follows the object's number.</summary>
    /// <param name="f">The visitor.</param>
    protected abstract void Fields(FieldVisitor f);
}
