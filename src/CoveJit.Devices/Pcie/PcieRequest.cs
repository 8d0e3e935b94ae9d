namespace CoveJit.Devices.Pcie;

/// <summary>What a memory request's address is: the AT field of its header.</summary>
public enum PcieAddressType : byte
{
    /// <summary>An address for the IOMMU to translate.</summary>
    Untranslated = 0,

    /// <summary>A request for a translation (ATS).</summary>
    TranslationRequest = 1,

    /// <summary>An address that the function got from the IOMMU (ATS).</summary>
    Translated = 2,
}

/// <summary>What a memory request of a function says of itself, for those on its way to memory to judge.</summary>
/// <param name="Requester">Who asks.</param>
/// <param name="AddressType">What the address is.</param>
/// <param name="Trusted">The T bit of the IDE prefix: the request is of a TEE device interface (TDISP).</param>
public readonly record struct PcieRequest(RequesterId Requester, PcieAddressType AddressType = PcieAddressType.Untranslated, bool Trusted = false);
