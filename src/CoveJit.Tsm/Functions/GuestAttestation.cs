using System.Buffers.Binary;
using CoveJit.Attestation;
using CoveJit.Attestation.Measurements;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: measurements of the calling TVM. These calls do not go on to the host.</summary>
internal static class GuestAttestation
{
    // Where AttestationCapabilities has certificate_formats.
    private const int FormatsOffset = 12;

    private static readonly CoveErrorCase NotConfidential = new(SbiError.InvalidAddress, "the range is not mapped confidential memory");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 6, null, "get_attcaps",
            [new("caps_gpa", ArgumentKind.GuestPage), new("caps_size", ArgumentKind.Length)],
            "Writes `AttestationCapabilities`: the measurement registers, and no certificate format as long as there is no evidence.",
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
                new("pub_key_gpa", ArgumentKind.Value), new("pub_key_size", ArgumentKind.Value), new("challenge_gpa", ArgumentKind.Value),
                new("cert_format", ArgumentKind.Value), new("cert_gpa", ArgumentKind.Value), new("cert_size", ArgumentKind.Value),
            ],
            "Returns a certificate with evidence. Capability ATTESTATION_REMOTE is not set.",
            string.Empty,
            [new(SbiError.NotSupported, "always")],
            null),
        new(
            CoveExtension.Guest, 9, null, "retrieve_secret",
            [new("secret_gpa", ArgumentKind.Value), new("secret_size", ArgumentKind.Value)],
            "Returns the secret of local attestation. Capability ATTESTATION_LOCAL is not set.",
            string.Empty,
            [new(SbiError.NotSupported, "always")],
            null),
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
        new AttestationCapabilities(0).Write(capabilities);
        BinaryPrimitives.WriteUInt32LittleEndian(capabilities[FormatsOffset..], (uint)CertificateFormats.None);
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

    private static SbiResult? Read(CoveCall call)
    {
        if (call[1] < Digest.Size || !call.Tvm.Measurements.TryRead(call[2], out Digest value))
        {
            return SbiError.InvalidParam;
        }

        return call.Tsm.TryWriteGuest(call.Tvm, call[0], value.Bytes) ? SbiResult.Success : SbiError.InvalidAddress;
    }
}
