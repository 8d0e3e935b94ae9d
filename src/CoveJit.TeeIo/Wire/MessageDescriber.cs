using System.Globalization;

namespace CoveJit.TeeIo.Wire;

/// <summary>Turns a declaration into words for the tables in docs. It follows every condition.</summary>
internal sealed class MessageDescriber() : FieldVisitor(default)
{
    private readonly List<string> _fields = [];
    private readonly List<string> _rules = [];

    /// <summary>The fields, each with its size in bytes.</summary>
    public IReadOnlyList<string> Fields => _fields;

    /// <summary>What must hold.</summary>
    public IReadOnlyList<string> Rules => _rules;

    /// <inheritdoc/>
    public override IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> values, FieldSize count, Func<FieldVisitor, T, T> element)
    {
        int first = _fields.Count;
        element(this, default);
        string parts = TakeFrom(first);
        Add($"{name} ({parts})", "x " + count.Text);
        return values;
    }

    /// <inheritdoc/>
    public override byte[] Rest(string name, byte[] value)
    {
        Add(name, "rest");
        return value;
    }

    /// <inheritdoc/>
    public override void Reserved(int size) => Add("reserved", size.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public override void MessageLength16(string name)
    {
        Add(name, "2");
        _rules.Add($"{name} is the size of the message");
    }

    /// <inheritdoc/>
    public override void When(bool condition, string rule, Action fields)
    {
        int first = _fields.Count;
        fields();
        string parts = TakeFrom(first);
        _fields.Add($"[{rule}: {parts}]");
    }

    /// <inheritdoc/>
    public override void Check(bool condition, string rule) => _rules.Add(rule);

    private protected override ulong Number(string name, ulong value, int size)
    {
        Add(name, size.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    private protected override byte[] Block(string name, byte[] value, FieldSize size)
    {
        Add(name, size.Text);
        return value;
    }

    private void Add(string name, string size) => _fields.Add($"{name} {size}");

    private string TakeFrom(int first)
    {
        string parts = string.Join(", ", _fields.Skip(first));
        _fields.RemoveRange(first, _fields.Count - first);
        return parts;
    }
}
