namespace CoveJit.TeeIo.Spdm.Certificates;

/// <summary>Object identifiers of SPDM certificates (DSP0274, "SPDM certificate requirements").</summary>
public static class SpdmOids
{
    /// <summary>id-DMTF-device-info: an other name in the subject alternative name, manufacturer:product:serial.</summary>
    public const string DeviceInfo = "1.3.6.1.4.1.412.274.1";

    /// <summary>id-DMTF-hardware-identity: in the SPDM extension of a certificate that stands for the hardware.</summary>
    public const string HardwareIdentity = "1.3.6.1.4.1.412.274.2";

    /// <summary>id-DMTF-eku-responder-auth: extended key usage of a responder.</summary>
    public const string ResponderAuth = "1.3.6.1.4.1.412.274.3";

    /// <summary>id-DMTF-eku-requester-auth: extended key usage of a requester.</summary>
    public const string RequesterAuth = "1.3.6.1.4.1.412.274.4";

    /// <summary>id-DMTF-spdm-extension: a certificate extension with a sequence of SPDM's identifiers.</summary>
    public const string SpdmExtension = "1.3.6.1.4.1.412.274.6";
}
