namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>VENDOR_DEFINED_RESPONSE.</summary>
public sealed class VendorDefinedResponse : VendorDefinedMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.VendorDefinedResponse;
}
