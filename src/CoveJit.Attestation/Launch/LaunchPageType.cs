using System.Text.Json.Serialization;

namespace CoveJit.Attestation.Launch;

/// <summary>Size of the mapping of a launch region, <c>tsm_page_type</c> of the CoVE ABI. Measured in pages of 4 KiB all the same.</summary>
public enum LaunchPageType
{
    /// <summary>4 KiB.</summary>
    [JsonStringEnumMemberName("4K")]
    Page4K = 0,

    /// <summary>2 MiB.</summary>
    [JsonStringEnumMemberName("2M")]
    Page2M = 1,

    /// <summary>1 GiB.</summary>
    [JsonStringEnumMemberName("1G")]
    Page1G = 2,
}
