using System.Formats.Cbor;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>
/// CoVE evidence: an unprotected claim set of one EAT submodule claim that holds the three signed tokens (CoVE, Evidence Format).
/// Reading checks the form only; signatures and values are the verifier's.
/// </summary>
public sealed class EvidenceToken
{
    /// <summary>Most bytes of evidence, in any format, that are looked at.</summary>
    public const int MaxSize = 64 * 1024;

    private const string What = "the evidence";
    private const string PlatformName = "platform";
    private const string TsmName = "tsm";
    private const string TvmName = "tvm";

    private EvidenceToken(SignedToken platform, SignedToken tsm, SignedToken tvm, PlatformClaims platformClaims, TsmClaims tsmClaims, TvmClaims tvmClaims)
    {
        PlatformToken = platform;
        TsmToken = tsm;
        TvmToken = tvm;
        Platform = platformClaims;
        Tsm = tsmClaims;
        Tvm = tvmClaims;
    }

    /// <summary>Signed by the root of trust.</summary>
    public SignedToken PlatformToken { get; }

    /// <summary>Signed by the platform.</summary>
    public SignedToken TsmToken { get; }

    /// <summary>Signed by the TSM.</summary>
    public SignedToken TvmToken { get; }

    /// <summary>What the platform token claims.</summary>
    public PlatformClaims Platform { get; }

    /// <summary>What the TSM token claims.</summary>
    public TsmClaims Tsm { get; }

    /// <summary>What the TVM token claims.</summary>
    public TvmClaims Tvm { get; }

    /// <summary>Reads evidence, with or without the tag of an unprotected claim set.</summary>
    /// <param name="encoded">The bytes, hostile.</param>
    /// <exception cref="AttestationException">It is anything else.</exception>
    public static EvidenceToken Decode(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > MaxSize)
        {
            throw AttestationException.Malformed(What, $"has more than {MaxSize} bytes");
        }

        return CborDecoding.Decode(encoded, What, reader =>
        {
            if (reader.PeekState() == CborReaderState.Tag)
            {
                reader.ReadTag(What, ClaimLabel.TagUccs);
            }

            SignedToken? platform = null;
            SignedToken? tsm = null;
            SignedToken? tvm = null;
            reader.ReadMap(What, 1, label =>
            {
                if (label != ClaimLabel.Submodules)
                {
                    return false;
                }

                int count = reader.ReadStartMap() ?? 0;
                for (int i = 0; i < count; i++)
                {
                    string name = reader.ReadText(What);
                    ReadOnlyMemory<byte> token = reader.ReadEncodedValue();
                    _ = name switch
                    {
                        PlatformName => platform = SignedToken.Decode(token, "the platform token"),
                        TsmName => tsm = SignedToken.Decode(token, "the TSM token"),
                        TvmName => tvm = SignedToken.Decode(token, "the TVM token"),
                        _ => throw AttestationException.Malformed(What, "has a submodule other than platform, tsm and tvm"),
                    };
                }

                reader.ReadEndMap();
                return true;
            });

            platform = platform.Require(What, "platform token");
            tsm = tsm.Require(What, "TSM token");
            tvm = tvm.Require(What, "TVM token");
            return new EvidenceToken(
                platform, tsm, tvm, PlatformClaims.Decode(platform.Payload), TsmClaims.Decode(tsm.Payload), TvmClaims.Decode(tvm.Payload));
        });
    }

    /// <summary>Puts three tokens together.</summary>
    /// <param name="platform">The platform token.</param>
    /// <param name="tsm">The TSM token.</param>
    /// <param name="tvm">The TVM token.</param>
    /// <param name="tagged">Whether the tag of an unprotected claim set goes before it, as in the X.509 extension.</param>
    internal static byte[] Encode(SignedToken platform, SignedToken tsm, SignedToken tvm, bool tagged)
    {
        CborWriter writer = CborDecoding.Writer();
        if (tagged)
        {
            writer.WriteTag((CborTag)ClaimLabel.TagUccs);
        }

        writer.WriteStartMap(1);
        writer.WriteInt32(ClaimLabel.Submodules);
        writer.WriteStartMap(3);
        writer.WriteTextString(PlatformName);
        writer.WriteEncodedValue(platform.Encoded.Span);
        writer.WriteTextString(TsmName);
        writer.WriteEncodedValue(tsm.Encoded.Span);
        writer.WriteTextString(TvmName);
        writer.WriteEncodedValue(tvm.Encoded.Span);
        writer.WriteEndMap();
        writer.WriteEndMap();
        return writer.Encode();
    }
}
