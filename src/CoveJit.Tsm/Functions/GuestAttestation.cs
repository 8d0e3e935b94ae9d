using CoveJit.Attestation;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: measurements, evidence and secret of the calling TVM. These calls do not go on to the host.</summary>
internal static class GuestAttestation
{
    private const ulong PageSize = 4096;

    private static readonly CoveErrorCase NotConfidential = new(SbiError.InvalidAddress, "the range is not mapped confidential memory");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 6, null, "get_attcaps",
            [new("caps_gpa", ArgumentKind.GuestPage), new("caps_size", ArgumentKind.Length)],
            "Writes `AttestationCapabilities`: the measurement registers and the formats of certificates.",
            string.Empty,
            [NotConfidential, new(SbiError.InvalidParam, "the structure is shorter than 336 bytes")],
            GetCapabilities),
        new(
            CoveExtension.Guest, 7, null, "extend_measurement",
            [new("msmt_gpa", ArgumentKind.GuestPage), new("msmt_size", ArgumentKind.Length), new("msmt_idx", ArgumentKind.Value)],
            "Extends a runtime measurement register with a digest.",
            string.Empty,
            [NotConfidential, new(SbiError.InvalidParam, "the digest has not 48 bytes, or there is no such runtime register")],
            Extend),
        new(
            CoveExtension.Guest, 8, null, "get_evidence",
            [
                new("pub_key_gpa", ArgumentKind.GuestPage), new("pub_key_size", ArgumentKind.Length), new("challenge_gpa", ArgumentKind.GuestPage),
                new("cert_format", ArgumentKind.Value), new("cert_gpa", ArgumentKind.GuestPage), new("cert_size", ArgumentKind.Length),
            ],
            "Writes a certificate of the TVM's public key, a COSE_Key of P-384, with evidence that answers the challenge of 64 bytes.",
            "bytes of the certificate",
            [
                NotConfidential,
                new(SbiError.InvalidParam, "the key is none or longer than a page, the format is not 1 (CBOR) or 2 (X.509), or the certificate does not fit"),
            ],
            GetEvidence),
        new(
            CoveExtension.Guest, 9, null, "retrieve_secret",
            [new("buf_gpa", ArgumentKind.GuestPage), new("buf_size", ArgumentKind.Length)],
            "Writes the secret of the TVM's attestation payload.",
            "bytes of the secret",
            [
                NotConfidential,
                new(SbiError.InvalidParam, "the buffer is smaller than the secret, or larger than 4096 bytes"),
                new(CoveError.Auth, "the TVM has not been attested locally"),
            ],
            RetrieveSecret),
        new(
            CoveExtension.Guest, 10, null, "read_measurement",
            [new("msmt_gpa", ArgumentKind.GuestPage), new("msmt_size", ArgumentKind.Length), new("msmt_idx", ArgumentKind.Value)],
            "Reads a measurement register.",
            string.Empty,
            [NotConfidential, new(SbiError.InvalidParam, "the buffer is shorter than 48 bytes, or there is no such register")],
            Read),
    ];

    private static SbiResult? GetCapabilities(CoveCall call)
    {
        if (call[1] < AttestationCapabilities.Size)
        {
            return SbiError.InvalidParam;
        }

        Span<byte> capabilities = stackalloc byte[AttestationCapabilities.Size];
        call.Tsm.Identity.Tcb.Capabilities.Write(capabilities);
        return call.Tsm.TryWriteGuest(call.Tvm, call[0], capabilities) ? SbiResult.Success : SbiError.InvalidAddress;
    }

    private static SbiResult? Extend(CoveCall call)
    {
        if (call[1] != Digest.Size)
        {
            return SbiError.InvalidParam;
        }

        Span<byte> digest = stackalloc byte[Digest.Size];
        if (!call.Tsm.TryReadGuest(call.Tvm, call[0], digest))
        {
            return SbiError.InvalidAddress;
        }

        return call.Tvm.Measurements.TryExtendRuntime(call[2], digest) ? SbiResult.Success : SbiError.InvalidParam;
    }

    private static SbiResult? GetEvidence(CoveCall call)
    {
        (SecurityManager tsm, Tvm tvm) = (call.Tsm, call.Tvm);
        CertificateFormats format = (CertificateFormats)call[3];
        if (call[1] is 0 or > PageSize || call[3] > uint.MaxValue || format is not (CertificateFormats.Cbor or CertificateFormats.X509))
        {
            return SbiError.InvalidParam;
        }

        byte[] encodedKey = new byte[call[1]];
        byte[] challenge = new byte[TvmClaims.ChallengeSize];
        if (!tsm.TryReadGuest(tvm, call[0], encodedKey) || !tsm.TryReadGuest(tvm, call[2], challenge))
        {
            return SbiError.InvalidAddress;
        }

        if (!P384PublicKey.TryFromCose(encodedKey, out P384PublicKey? key))
        {
            return SbiError.InvalidParam;
        }

        byte[]? identity = tvm.Identity.IsEmpty ? null : tvm.Identity.ToArray();
        byte[] certificate = tsm.Identity.Attestation.CreateCertificate(new AttestationRequest(tvm.Measurements, key, challenge, identity), format);
        if (call[5] < (ulong)certificate.Length)
        {
            return SbiError.InvalidParam;
        }

        return tsm.TryWriteGuest(tvm, call[4], certificate) ? SbiResult.Of((ulong)certificate.Length) : SbiError.InvalidAddress;
    }

    private static SbiResult? RetrieveSecret(CoveCall call)
    {
        if (call.Tvm.Secret is not ReadOnlyMemory<byte> secret)
        {
            return CoveError.Auth;
        }

        if (call[1] > PageSize || call[1] < (ulong)secret.Length)
        {
            return SbiError.InvalidParam;
        }

        return call.Tsm.TryWriteGuest(call.Tvm, call[0], secret.Span) ? SbiResult.Of((ulong)secret.Length) : SbiError.InvalidAddress;
    }

    private static SbiResult? Read(CoveCall call)
    {
        if (call[1] < Digest.Size || !call.Tvm.Measurements.TryRead(call[2], out Digest value))
        {
            return SbiError.InvalidParam;
        }

        return call.Tsm.TryWriteGuest(call.Tvm, call[0], value.Bytes) ? SbiResult.Success : SbiError.InvalidAddress;
    }
}
