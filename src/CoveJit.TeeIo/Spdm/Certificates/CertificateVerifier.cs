using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoveJit.TeeIo.Spdm.Certificates;

/// <summary>Decides whether a responder's certificate chain is to be trusted, by a list of roots. It never goes to the network.</summary>
public sealed class CertificateVerifier
{
    private const string SubjectAlternativeName = "2.5.29.17";

    private readonly IReadOnlyList<byte[]> _roots;
    private readonly TimeProvider _time;

    /// <summary>Makes a verifier.</summary>
    /// <param name="roots">The trusted root certificates in DER.</param>
    /// <param name="time">The time at which certificates must be valid.</param>
    public CertificateVerifier(IReadOnlyList<byte[]> roots, TimeProvider? time = null)
    {
        _roots = roots;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Verifies a chain.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="algorithms">The connection's algorithms.</param>
    /// <param name="certificate">The leaf.</param>
    /// <param name="reason">Why not, if the result is false.</param>
    public bool TryVerify(
        CertificateChain chain, SpdmAlgorithms algorithms, [NotNullWhen(true)] out DeviceCertificate? certificate, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(algorithms);
        certificate = null;
        byte[]? root = _roots.FirstOrDefault(r => chain.RootHash.Span.SequenceEqual(algorithms.Hash(r)));
        if (root is null)
        {
            reason = "the root certificate is not a trusted one";
            return false;
        }

        List<X509Certificate2> path = [];
        try
        {
            // The root itself need not be in the chain.
            bool hasRoot = chain.Certificates[0].Span.SequenceEqual(root);
            path.Add(X509CertificateLoader.LoadCertificate(root));
            path.AddRange(chain.Certificates.Skip(hasRoot ? 1 : 0).Select(static c => X509CertificateLoader.LoadCertificate(c.Span)));
            reason = CheckPath(path) ?? CheckLeaf(path[^1]);
            ECDsa? key = reason is null ? path[^1].GetECDsaPublicKey() : null;
            if (key is null)
            {
                reason ??= "the leaf has no key for ECDSA";
                return false;
            }

            certificate = new DeviceCertificate(chain, key, path[^1].Subject, ReadDeviceInfo(path[^1]));
            if (!certificate.IsOn(algorithms.SignatureCurve))
            {
                certificate.Dispose();
                certificate = null;
                reason = "the leaf's key is not of the negotiated algorithm";
                return false;
            }

            return true;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or PlatformNotSupportedException)
        {
            // PlatformNotSupportedException is about curves that the platform does not know.
            certificate?.Dispose();
            certificate = null;
            reason = "a certificate cannot be read: " + e.Message;
            return false;
        }
        finally
        {
            path.ForEach(static c => c.Dispose());
        }
    }

    // The platform must find exactly the given path: a certificate that has no part in it does not belong there.
    private string? CheckPath(List<X509Certificate2> path)
    {
        using X509Chain builder = new();
        builder.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        builder.ChainPolicy.CustomTrustStore.Add(path[0]);
        builder.ChainPolicy.ExtraStore.AddRange(path.Skip(1).SkipLast(1).ToArray());
        builder.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        builder.ChainPolicy.DisableCertificateDownloads = true;
        builder.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        builder.ChainPolicy.VerificationTimeIgnored = false;
        if (!builder.Build(path[^1]))
        {
            return "the chain does not hold: " + string.Join("; ", builder.ChainStatus.Select(static s => s.StatusInformation.Trim()));
        }

        bool same = builder.ChainElements.Select(static e => e.Certificate.RawDataMemory).Reverse()
            .Zip(path, static (found, given) => found.Span.SequenceEqual(given.RawDataMemory.Span)).All(static equal => equal)
            && builder.ChainElements.Count == path.Count;
        foreach (X509ChainElement element in builder.ChainElements)
        {
            element.Certificate.Dispose();
        }

        return same ? null : "the chain has a certificate that is not part of the path";
    }

    private static string? CheckLeaf(X509Certificate2 leaf)
    {
        foreach (X509Extension extension in leaf.Extensions)
        {
            switch (extension)
            {
                case X509BasicConstraintsExtension { CertificateAuthority: true }:
                    return "the leaf is a certificate authority";

                case X509KeyUsageExtension usage when !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature):
                    return "the leaf's key is not for digital signatures";

                case X509EnhancedKeyUsageExtension usage when HasUsage(usage, SpdmOids.RequesterAuth) && !HasUsage(usage, SpdmOids.ResponderAuth):
                    return "the leaf is a requester's";
            }
        }

        return null;
    }

    private static bool HasUsage(X509EnhancedKeyUsageExtension extension, string oid) =>
        extension.EnhancedKeyUsages.OfType<Oid>().Any(o => o.Value == oid);

    private static string? ReadDeviceInfo(X509Certificate2 leaf)
    {
        X509Extension? names = leaf.Extensions[SubjectAlternativeName];
        if (names is null)
        {
            return null;
        }

        // GeneralName's otherName is [0] { type-id, [0] { value } }.
        Asn1Tag otherName = new(TagClass.ContextSpecific, 0, isConstructed: true);
        AsnReader list = new AsnReader(names.RawData, AsnEncodingRules.DER).ReadSequence();
        while (list.HasData)
        {
            if (!list.PeekTag().HasSameClassAndValue(otherName))
            {
                list.ReadEncodedValue();
                continue;
            }

            AsnReader name = list.ReadSequence(otherName);
            if (name.ReadObjectIdentifier() == SpdmOids.DeviceInfo)
            {
                return name.ReadSequence(otherName).ReadCharacterString(UniversalTagNumber.UTF8String);
            }
        }

        return null;
    }
}
