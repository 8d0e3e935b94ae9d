using System.Numerics;

namespace CoveJit.TeeIo.Wire;

/// <summary>
/// Visits the fields of a message in the order of their bytes. A message declares its fields once, in <see cref="WireMessage.Visit"/>;
/// reading, writing, validation and the tables in docs are visitors. Every method takes the field's value and returns the value that
/// the field has afterwards: a writer returns what it was given, a reader what it found. Numbers are little-endian.
/// </summary>
public abstract class FieldVisitor
{
    /// <summary>Makes a visitor.</summary>
    /// <param name="context">What the layout depends on.</param>
    private protected FieldVisitor(MessageContext context) => Context = context;

    /// <summary>What the layout depends on.</summary>
    public MessageContext Context { get; }

    /// <summary>H: the size of a digest.</summary>
    public FieldSize HashSize => new(Context.HashSize, "H");

    /// <summary>S: the size of a signature.</summary>
    public FieldSize SignatureSize => new(Context.SignatureSize, "S");

    /// <summary>D: the size of the exchange data.</summary>
    public FieldSize ExchangeSize => new(Context.ExchangeSize, "D");

    /// <summary>A byte.</summary>
    public byte U8(string name, byte value) => (byte)Number(name, value, sizeof(byte));

    /// <summary>A number of 16 bits.</summary>
    public ushort U16(string name, ushort value) => (ushort)Number(name, value, sizeof(ushort));

    /// <summary>A number of 24 bits.</summary>
    public uint U24(string name, uint value) => (uint)Number(name, value, 3);

    /// <summary>A number of 32 bits.</summary>
    public uint U32(string name, uint value) => (uint)Number(name, value, sizeof(uint));

    /// <summary>A number of 64 bits.</summary>
    public ulong U64(string name, ulong value) => Number(name, value, sizeof(ulong));

    /// <summary>Bytes of a size known beforehand.</summary>
    public byte[] Bytes(string name, byte[] value, FieldSize size) => Block(name, value, size);

    /// <summary>Bytes with a 16-bit length of theirs in front.</summary>
    /// <param name="name">The field's name; the length is called the same with Length at the end.</param>
    /// <param name="value">The bytes.</param>
    /// <param name="limit">The largest length allowed.</param>
    public byte[] Counted16(string name, byte[] value, int limit = ushort.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(value);
        string length = name + "Length";
        int count = U16(length, checked((ushort)value.Length));
        if (limit < ushort.MaxValue)
        {
            Check(count <= limit, $"{length} is at most {limit}");
        }

        return Block(name, value, new FieldSize(count, length));
    }

    /// <summary>A list of like elements.</summary>
    /// <param name="name">The name of an element.</param>
    /// <param name="values">The elements.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="element">Visits one element.</param>
    public abstract IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> values, FieldSize count, Func<FieldVisitor, T, T> element)
        where T : struct;

    /// <summary>All bytes that are left.</summary>
    public abstract byte[] Rest(string name, byte[] value);

    /// <summary>Reserved bytes: written as zero, ignored when read (DSP0274, "Reserved and unassigned values").</summary>
    public abstract void Reserved(int size);

    /// <summary>The size of the whole message, as a number of 16 bits.</summary>
    public abstract void MessageLength16(string name);

    /// <summary>Fields that are not always there.</summary>
    /// <param name="condition">Whether they are, here.</param>
    /// <param name="rule">When they are, in words.</param>
    /// <param name="fields">Visits them.</param>
    public abstract void When(bool condition, string rule, Action fields);

    /// <summary>States what must hold for the fields seen so far.</summary>
    /// <param name="condition">Whether it does.</param>
    /// <param name="rule">What must hold, in words.</param>
    public abstract void Check(bool condition, string rule);

    /// <summary>Whether at most one bit is set: algorithm selections have one or none.</summary>
    protected internal static bool OneBitAtMost(uint value) => BitOperations.PopCount(value) <= 1;

    /// <summary>A number of up to eight bytes.</summary>
    private protected abstract ulong Number(string name, ulong value, int size);

    /// <summary>Bytes of a known size.</summary>
    private protected abstract byte[] Block(string name, byte[] value, FieldSize size);
}
