using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

/// <summary>A requester and a responder from the first message to the last.</summary>
public sealed class SessionTests
{
    [Theory]
    [InlineData("P-384", BaseHashAlgorithms.Sha384, DheGroups.Secp384r1)]
    [InlineData("P-256", BaseHashAlgorithms.Sha256, DheGroups.Secp256r1)]
    [InlineData("P-384", BaseHashAlgorithms.Sha256, DheGroups.Secp256r1)]
    [InlineData("P-256", BaseHashAlgorithms.Sha384, DheGroups.Secp384r1)]
    public async Task Everything_works_with_every_combination_of_algorithms(string curve, BaseHashAlgorithms hash, DheGroups group)
    {
        using TestDevice device = new(curve: curve == "P-384" ? PrimeCurve.P384 : PrimeCurve.P256);
        using SpdmRequester requester = device.CreateRequester(o => o with { Hashes = hash, Groups = group });

        await requester.ConnectAsync();
        await requester.GetDigestsAsync();
        await requester.GetCertificateAsync();
        await requester.ChallengeAsync(MeasurementSummary.All);
        SpdmSession session = await requester.StartSessionAsync(MeasurementSummary.TrustedComputingBase);
        MeasurementsResponse all = await requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, session: session);
        await session.HeartbeatAsync();
        await session.UpdateKeysAsync(both: false);
        await session.UpdateKeysAsync(both: true);
        await session.HeartbeatAsync();
        Assert.Equal(1, device.Responder.SessionCount);
        await session.EndAsync();

        Assert.Equal(4, all.Blocks.Count);
        Assert.Equal(hash, requester.Algorithms.BaseHash);
        Assert.Equal(0, device.Responder.SessionCount);
        Assert.Equal("CoveJit:NVMe:0001", requester.Certificate!.DeviceInfo);
    }
}
