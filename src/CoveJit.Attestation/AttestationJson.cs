using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Attestation;

/// <summary>
/// How this library's JSON files are read and written: snake_case names, digests and bytes in hexadecimal, addresses as
/// hexadecimal strings (<see cref="AddressConverter"/>); unknown, missing and repeated members are errors.
/// </summary>
internal static class AttestationJson
{
    private const int MaxFile = 16 * 1024 * 1024;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        Converters = { new DigestConverter(), new BytesConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="what">What it should be, for errors.</param>
    /// <exception cref="AttestationException">It cannot be read or is anything else.</exception>
    public static T Load<T>(string path, string what) => Parse<T>(HostFiles.Read(path, what, MaxFile), $"{what} {path}");

    /// <summary>Reads JSON text.</summary>
    /// <exception cref="AttestationException">It is not what it should be.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> text, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            string place = e.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $", line {line + 1}") : string.Empty;
            throw new AttestationException($"{what}{place}: {e.Message.Split(" Path:")[0].Split('\n')[0].TrimEnd('.', '\r')}", "docs/attestation.md has the format", e);
        }
    }

    /// <summary>Writes JSON text.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    private sealed class DigestConverter : JsonConverter<Digest>
    {
        public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Digest.TryParse(reader.GetString(), out Digest digest)
                ? digest
                : throw new JsonException($"a digest is a string of {2 * Digest.Size} hexadecimal digits");

        public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class BytesConverter : JsonConverter<ReadOnlyMemory<byte>>
    {
        public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return Convert.FromHexString(reader.TokenType == JsonTokenType.String ? reader.GetString()! : "?");
            }
            catch (FormatException)
            {
                throw new JsonException("bytes are a string of hexadecimal digits");
            }
        }

        public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Convert.ToHexStringLower(value.Span));
    }
}
