namespace CoveJit.TeeIo.Spdm;

/// <summary>Which capability flags go together (DSP0274, "Flag fields definitions").</summary>
public static class SpdmCapabilityRules
{
    private const SpdmCapabilities Session = SpdmCapabilities.KeyExchange | SpdmCapabilities.PreSharedKey;
    private const SpdmCapabilities Protection = SpdmCapabilities.Encrypt | SpdmCapabilities.Mac;
    private const SpdmCapabilities NeedSession =
        SpdmCapabilities.Heartbeat | SpdmCapabilities.KeyUpdate | SpdmCapabilities.HandshakeInTheClear | Protection;

    /// <summary>Finds a contradiction.</summary>
    /// <param name="flags">The flags of either side.</param>
    /// <param name="responder">Whether they are a responder's.</param>
    /// <returns>The contradiction in words, or null.</returns>
    public static string? FindContradiction(SpdmCapabilities flags, bool responder)
    {
        bool Has(SpdmCapabilities any) => (flags & any) != 0;

        if (Has(Session) != Has(Protection) || (Has(NeedSession) && !Has(Session)))
        {
            return "sessions, and what is for sessions, come together";
        }

        if (Has(SpdmCapabilities.Certificate) && Has(SpdmCapabilities.PublicKeyId))
        {
            return "CERT_CAP and PUB_KEY_ID_CAP exclude each other";
        }

        if (!responder)
        {
            // Bit 11 alone is the responder's "with context"; both bits are reserved.
            return (flags & SpdmCapabilities.PreSharedKey) > (SpdmCapabilities)0x400 ? "PSK_CAP is 0 or 1" : null;
        }

        if (flags.HasFlag(SpdmCapabilities.MeasurementUnsigned | SpdmCapabilities.MeasurementSigned))
        {
            return "MEAS_CAP is 0, 1 or 2";
        }

        if ((flags & SpdmCapabilities.PreSharedKey) == SpdmCapabilities.PreSharedKey)
        {
            return "PSK_CAP is 0, 1 or 2";
        }

        const SpdmCapabilities Signing = SpdmCapabilities.Challenge | SpdmCapabilities.KeyExchange | SpdmCapabilities.MeasurementSigned;
        if (Has(Signing) && !Has(SpdmCapabilities.Certificate | SpdmCapabilities.PublicKeyId))
        {
            return "what is signed needs CERT_CAP or PUB_KEY_ID_CAP";
        }

        return Has(SpdmCapabilities.MeasurementFresh) && !Has(SpdmCapabilities.MeasurementUnsigned | SpdmCapabilities.MeasurementSigned)
            ? "MEAS_FRESH_CAP needs MEAS_CAP"
            : null;
    }
}
