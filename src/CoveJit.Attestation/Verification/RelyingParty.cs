using System.Security.Cryptography;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Secrets;

namespace CoveJit.Attestation.Verification;

/// <summary>
/// The remote flow of secret release: gives out challenges, each good for one answer, and encrypts a secret to the TVM's key if the
/// answering evidence is accepted. Safe for use by several threads.
/// </summary>
/// <param name="reference">What TVMs have to be; it names the trusted roots.</param>
public sealed class RelyingParty(ReferenceValues reference)
{
    private const int MaxOpen = 4096;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _open = [];

    /// <summary>Makes a challenge for a TVM to put into its evidence.</summary>
    /// <exception cref="InvalidOperationException">Too many were never answered.</exception>
    public byte[] CreateChallenge()
    {
        byte[] challenge = RandomNumberGenerator.GetBytes(TvmClaims.ChallengeSize);
        lock (_lock)
        {
            if (_open.Count == MaxOpen)
            {
                throw new InvalidOperationException($"{MaxOpen} challenges are open.");
            }

            _open.Add(Convert.ToHexString(challenge));
        }

        return challenge;
    }

    /// <summary>Verifies the answer to a challenge, and releases a secret if it is accepted.</summary>
    /// <param name="evidence">The evidence, in any form, hostile.</param>
    /// <param name="challenge">The challenge that this TVM was given: a second answer to it is refused.</param>
    /// <param name="secret">The secret.</param>
    /// <returns>The report, and an envelope (<see cref="SecretEnvelope.RemotePurpose"/>, context the challenge) if it accepts.</returns>
    /// <exception cref="AttestationException">The evidence cannot be read.</exception>
    public (VerificationReport Report, byte[]? Envelope) Release(ReadOnlyMemory<byte> evidence, ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> secret)
    {
        bool isOpen;
        lock (_lock)
        {
            isOpen = _open.Remove(Convert.ToHexString(challenge));
        }

        PresentedEvidence presented = PresentedEvidence.Decode(evidence);
        VerificationReport report = EvidenceVerifier.Verify(presented, reference, new Expectations([], challenge.ToArray()));
        if (!isOpen)
        {
            report = report with { Checks = [.. report.Checks, new VerificationCheck("open challenge", CheckOutcome.Failed, "the challenge was not given out, or is answered already")] };
        }

        return (report, report.IsAccepted ? SecretEnvelope.Seal(presented.Token.Tvm.PublicKey, SecretEnvelope.RemotePurpose, challenge, secret) : null);
    }
}
