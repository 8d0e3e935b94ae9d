namespace CoveJit.TeeIo.Wire;

/// <summary>A message or structure whose fields are declared once.</summary>
public abstract class WireMessage
{
    /// <summary>The bytes of the message.</summary>
    /// <param name="context">What the layout depends on.</param>
    /// <exception cref="ArgumentException">The message breaks its own rules.</exception>
    public byte[] Encode(MessageContext context = default)
    {
        MessageWriter writer = new(context);
        Visit(writer);
        return writer.Finish();
    }

    /// <summary>Visits all fields, header included, in the order of their bytes.</summary>
    /// <param name="f">The visitor.</param>
    protected internal abstract void Visit(FieldVisitor f);

    /// <summary>Fills this message from bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="context">What the layout depends on.</param>
    /// <param name="padding">How many bytes of zero may follow the message: what the transport fills up to its unit.</param>
    /// <param name="size">The message's size without such filling.</param>
    /// <returns>What is wrong, or null.</returns>
    internal MessageFault? Fill(ReadOnlyMemory<byte> bytes, MessageContext context, int padding, out int size)
    {
        MessageReader reader = new(bytes, context);
        Visit(reader);
        reader.Finish();
        size = reader.Position;
        if (reader.Fault is not null)
        {
            return reader.Fault;
        }

        ReadOnlySpan<byte> rest = bytes.Span[size..];
        return rest.Length > padding || rest.ContainsAnyExcept((byte)0)
            ? new MessageFault("end", $"{rest.Length} bytes too many")
            : null;
    }
}
