using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Attestation;

/// <summary>An address in JSON: a string such as "0x80000000", or a number. Written as a string, since most readers lose precision past 2^53.</summary>
internal sealed class AddressConverter : JsonConverter<ulong>
{
    /// <inheritdoc/>
    public override ulong Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out ulong number))
        {
            return number;
        }

        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text?.StartsWith("0x", StringComparison.Ordinal) == true
            && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            ? number
            : throw new JsonException("an address is a string such as \"0x80000000\" or a number");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ulong value, JsonSerializerOptions options) =>
        writer.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"0x{value:x}"));
}
