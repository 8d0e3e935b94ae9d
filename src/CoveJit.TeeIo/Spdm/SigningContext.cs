using System.Text;

namespace CoveJit.TeeIo.Spdm;

/// <summary>
/// What SPDM 1.2 signs (DSP0274, "Signature generation"): 100 bytes that say what the signature is for, then the digest of the transcript.
/// </summary>
internal static class SigningContext
{
    public const string KeyExchangeResponse = "responder-key_exchange_rsp signing";
    public const string Measurements = "responder-measurements signing";
    public const string ChallengeAuth = "responder-challenge_auth signing";

    private const int Size = 100;
    private const string Prefix = "dmtf-spdm-v1.2.*";
    private const int PrefixCount = 4;

    /// <summary>The message that is signed.</summary>
    public static byte[] Message(string context, SpdmAlgorithms algorithms, ReadOnlySpan<byte> transcript)
    {
        byte[] combined = new byte[Size];
        for (int i = 0; i < PrefixCount; i++)
        {
            Encoding.ASCII.GetBytes(Prefix, combined.AsSpan(i * Prefix.Length));
        }

        Encoding.ASCII.GetBytes(context, combined.AsSpan(Size - context.Length));
        return [.. combined, .. algorithms.Hash(transcript)];
    }
}
