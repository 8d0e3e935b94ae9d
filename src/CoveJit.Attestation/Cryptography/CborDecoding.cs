using System.Formats.Cbor;

namespace CoveJit.Attestation.Cryptography;

/// <summary>
/// How this library reads and writes CBOR: one canonical encoding for each value (RFC 7049, 3.9: definite lengths, shortest
/// numbers, sorted keys without duplicates), so that two different byte strings never mean the same.
/// </summary>
internal static class CborDecoding
{
    /// <summary>Longest text in any claim, in characters.</summary>
    public const int MaxText = 256;

    /// <summary>Makes a writer.</summary>
    public static CborWriter Writer() => new(CborConformanceMode.Canonical);

    /// <summary>Reads one value that fills the encoding completely.</summary>
    /// <param name="encoded">The bytes, hostile.</param>
    /// <param name="what">What they should be, for the error.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="AttestationException">They are anything else.</exception>
    public static T Decode<T>(ReadOnlyMemory<byte> encoded, string what, Func<CborReader, T> read)
    {
        try
        {
            CborReader reader = new(encoded, CborConformanceMode.Canonical);
            T value = read(reader);
            return reader.BytesRemaining == 0 ? value : throw AttestationException.Malformed(what, "is followed by something else");
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            // The reader's three ways to say that the encoding, the type or the size of an item is wrong.
            throw AttestationException.Malformed(what, $"is malformed CBOR ({e.Message.Split('\n')[0].TrimEnd('.', '\r')})", e);
        }
    }

    /// <summary>Reads a map by its integer keys.</summary>
    /// <param name="reader">Where the map starts.</param>
    /// <param name="what">What it should be, for the error.</param>
    /// <param name="maximum">Most entries.</param>
    /// <param name="readValue">Reads the value of a key; false if there is no such key.</param>
    public static void ReadMap(this CborReader reader, string what, int maximum, Func<int, bool> readValue)
    {
        int count = reader.ReadStartMap() ?? 0;
        if (count > maximum)
        {
            throw AttestationException.Malformed(what, $"has {count} entries, {maximum} at most are defined");
        }

        for (int i = 0; i < count; i++)
        {
            int key = reader.ReadInt32();
            if (!readValue(key))
            {
                throw AttestationException.Malformed(what, $"has an unknown entry {key}");
            }
        }

        reader.ReadEndMap();
    }

    /// <summary>Reads a list of bounded length.</summary>
    public static List<T> ReadList<T>(this CborReader reader, string what, int minimum, int maximum, Func<CborReader, T> readItem)
    {
        int count = reader.ReadStartArray() ?? 0;
        if (count < minimum || count > maximum)
        {
            throw AttestationException.Malformed(what, $"has {count} entries instead of {minimum} to {maximum}");
        }

        List<T> items = new(count);
        for (int i = 0; i < count; i++)
        {
            items.Add(readItem(reader));
        }

        reader.ReadEndArray();
        return items;
    }

    /// <summary>Reads a byte string of exactly the given length.</summary>
    public static byte[] ReadBytes(this CborReader reader, string what, int length)
    {
        ReadOnlyMemory<byte> bytes = reader.ReadDefiniteLengthByteString();
        return bytes.Length == length ? bytes.ToArray() : throw AttestationException.Malformed(what, $"has {bytes.Length} bytes instead of {length}");
    }

    /// <summary>Reads a SHA-384 hash.</summary>
    public static Digest ReadDigest(this CborReader reader, string what) => new(reader.ReadBytes(what, Digest.Size));

    /// <summary>Reads a text of bounded length.</summary>
    public static string ReadText(this CborReader reader, string what)
    {
        string text = reader.ReadTextString();
        return text.Length <= MaxText ? text : throw AttestationException.Malformed(what, $"is longer than {MaxText} characters");
    }

    /// <summary>Reads a tag that must be there.</summary>
    public static void ReadTag(this CborReader reader, string what, ulong expected)
    {
        if (reader.PeekState() != CborReaderState.Tag || (ulong)reader.ReadTag() != expected)
        {
            throw AttestationException.Malformed(what, $"does not begin with tag {expected}");
        }
    }

    /// <summary>Insists on a claim.</summary>
    public static T Require<T>(this T? value, string what, string claim)
        where T : class => value ?? throw AttestationException.Malformed(what, $"has no {claim}");
}
