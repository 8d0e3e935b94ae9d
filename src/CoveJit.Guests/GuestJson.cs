using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Guests;

/// <summary>JSON forms of the files beside the images.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GuestDescription))]
[JsonSerializable(typeof(GuestManifest))]
internal sealed partial class GuestJson : JsonSerializerContext
{
    /// <summary>The form the files are written in: versions keep their plus signs, since nothing here ends up inside HTML.</summary>
    public static GuestJson Files { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
