using System.Buffers.Binary;

namespace CoveJit.TeeIo.Wire;

/// <summary>
/// Reads a message. The first thing wrong is kept in <see cref="Fault"/>; everything visited afterwards is empty, so a declaration needs
/// no error handling of its own, and nothing is read beyond the end of the bytes.
/// </summary>
internal sealed class MessageReader(ReadOnlyMemory<byte> bytes, MessageContext context) : FieldVisitor(context)
{
    private int _declaredLength = -1;

    /// <summary>What was wrong first, or null.</summary>
    public MessageFault? Fault { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    private int Left => bytes.Length - Position;

    /// <summary>Ends the message: what was declared as its length must have been read.</summary>
    public void Finish()
    {
        if (_declaredLength >= 0 && _declaredLength != Position)
        {
            Fail("Length", $"says {_declaredLength}, the fields take {Position}");
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> values, FieldSize count, Func<FieldVisitor, T, T> element)
    {
        List<T> read = [];

        // Each element takes at least a byte, so a false count ends where the bytes do.
        for (int i = 0; i < count.Bytes && Fault is null; i++)
        {
            read.Add(element(this, default));
        }

        return Fault is null ? read : [];
    }

    /// <inheritdoc/>
    public override byte[] Rest(string name, byte[] value) => Block(name, value, Left);

    /// <inheritdoc/>
    public override void Reserved(int size) => Take("Reserved", size);

    /// <inheritdoc/>
    public override void MessageLength16(string name) => _declaredLength = U16(name, 0);

    /// <inheritdoc/>
    public override void When(bool condition, string rule, Action fields)
    {
        if (condition && Fault is null)
        {
            fields();
        }
    }

    /// <inheritdoc/>
    public override void Check(bool condition, string rule)
    {
        if (!condition)
        {
            Fail("value", rule);
        }
    }

    private protected override ulong Number(string name, ulong value, int size)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        Take(name, size).CopyTo(wide);
        return BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }

    private protected override byte[] Block(string name, byte[] value, FieldSize size) => Take(name, size.Bytes).ToArray();

    private ReadOnlySpan<byte> Take(string name, int size)
    {
        if (Fault is not null)
        {
            return [];
        }

        if (size > Left)
        {
            Fail(name, $"needs {size} bytes, {Left} are left");
            return [];
        }

        ReadOnlySpan<byte> taken = bytes.Span.Slice(Position, size);
        Position += size;
        return taken;
    }

    private void Fail(string field, string reason) => Fault ??= new MessageFault(field, reason);
}
