using System.Globalization;

namespace CoveJit.TeeIo.Wire;

/// <summary>How many bytes a field has, and how a document names that number.</summary>
/// <param name="Bytes">Size in bytes in this connection.</param>
/// <param name="Text">The specification's name for the size, such as H for the size of a digest.</param>
public readonly record struct FieldSize(int Bytes, string Text)
{
    /// <summary>A size that is the same in every connection.</summary>
    public static implicit operator FieldSize(int bytes) => FromInt32(bytes);

    /// <summary>A size that is the same in every connection.</summary>
    /// <param name="bytes">Size in bytes.</param>
    public static FieldSize FromInt32(int bytes) => new(bytes, bytes.ToString(CultureInfo.InvariantCulture));
}
