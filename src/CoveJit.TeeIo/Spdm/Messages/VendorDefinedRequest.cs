namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>VENDOR_DEFINED_REQUEST: carries IDE_KM and TDISP, among others.</summary>
public sealed class VendorDefinedRequest : VendorDefinedMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.VendorDefinedRequest;
}
