using System.Buffers.Binary;

namespace CoveJit.TeeIo.Wire;

/// <summary>Writes a message. A message that breaks its own rules is a mistake of the caller and throws.</summary>
internal sealed class MessageWriter(MessageContext context) : FieldVisitor(context)
{
    private readonly List<byte> _bytes = [];
    private int _lengthAt = -1;

    /// <summary>The bytes written.</summary>
    public byte[] Finish()
    {
        byte[] bytes = [.. _bytes];
        if (_lengthAt >= 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(_lengthAt), checked((ushort)bytes.Length));
        }

        return bytes;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> values, FieldSize count, Func<FieldVisitor, T, T> element)
    {
        if (values.Count != count.Bytes)
        {
            throw new ArgumentException($"{name}: {values.Count} elements, but the count says {count.Bytes}");
        }

        foreach (T value in values)
        {
            element(this, value);
        }

        return values;
    }

    /// <inheritdoc/>
    public override byte[] Rest(string name, byte[] value) => Block(name, value, value.Length);

    /// <inheritdoc/>
    public override void Reserved(int size) => _bytes.AddRange(new byte[size]);

    /// <inheritdoc/>
    public override void MessageLength16(string name)
    {
        _lengthAt = _bytes.Count;
        Reserved(sizeof(ushort));
    }

    /// <inheritdoc/>
    public override void When(bool condition, string rule, Action fields)
    {
        if (condition)
        {
            fields();
        }
    }

    /// <inheritdoc/>
    public override void Check(bool condition, string rule)
    {
        if (!condition)
        {
            throw new ArgumentException("the message breaks the rule: " + rule);
        }
    }

    private protected override ulong Number(string name, ulong value, int size)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(wide, value);
        _bytes.AddRange(wide[..size]);
        return value;
    }

    private protected override byte[] Block(string name, byte[] value, FieldSize size)
    {
        if (value.Length != size.Bytes)
        {
            throw new ArgumentException($"{name}: {value.Length} bytes, must have {size.Bytes}");
        }

        _bytes.AddRange(value);
        return value;
    }
}
