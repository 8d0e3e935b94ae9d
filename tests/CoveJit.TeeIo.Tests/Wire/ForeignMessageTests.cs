using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Messages;

namespace CoveJit.TeeIo.Tests.Wire;

/// <summary>Messages as DMTF's spdm-emu sends them.</summary>
public sealed class ForeignMessageTests
{
    [Fact]
    public void Version()
    {
        VersionResponse message = Read<VersionResponse>("1004000000010012");

        Assert.Equal([0x1200], message.Entries);
    }

    [Fact]
    public void Capabilities()
    {
        GetCapabilities request = Read<GetCapabilities>("12e1000000000000c6f702000012000000800200");
        CapabilitiesResponse response = Read<CapabilitiesResponse>("1261000000000000f7fb1a000012000000800200");

        Assert.True(request.Flags.HasFlag(SpdmCapabilities.KeyExchange | SpdmCapabilities.Encrypt | SpdmCapabilities.Heartbeat));
        Assert.Equal(0x1200u, request.DataTransferSize);
        Assert.Equal(0x28000u, request.MaxMessageSize);
        Assert.True(response.Flags.HasFlag(SpdmCapabilities.Certificate | SpdmCapabilities.MeasurementSigned | SpdmCapabilities.MeasurementFresh));
        Assert.False(response.Flags.HasFlag(SpdmCapabilities.MeasurementUnsigned));
    }

    [Fact]
    public void Algorithms()
    {
        NegotiateAlgorithms request = Read<NegotiateAlgorithms>(
            "12e30400300001029000000003000000000000000000000000000000000000000" + "2201b0003200600" + "04200f0005200100");
        AlgorithmsResponse response = Read<AlgorithmsResponse>(
            "126304003400010208000000800000000200000000000000000000000000000000000000" + "02201000032002000420080005200100");

        Assert.Equal(BaseAsymmetricAlgorithms.EcdsaP256 | BaseAsymmetricAlgorithms.EcdsaP384, request.BaseAsymmetric);
        Assert.Equal([AlgorithmType.Dhe, AlgorithmType.Aead, AlgorithmType.RequesterAsymmetric, AlgorithmType.KeySchedule], request.Structures.Select(s => s.Type));
        Assert.Equal(BaseAsymmetricAlgorithms.EcdsaP384, response.BaseAsymmetric);
        Assert.Equal(BaseHashAlgorithms.Sha384, response.BaseHash);
        Assert.Equal((ushort)DheGroups.Secp384r1, response.Selected(AlgorithmType.Dhe));
        Assert.Equal((ushort)AeadCipherSuites.Aes256Gcm, response.Selected(AlgorithmType.Aead));
    }

    [Fact]
    public void Error()
    {
        ErrorResponse message = Read<ErrorResponse>("127f0100");

        Assert.Equal(SpdmErrorCode.InvalidRequest, message.ErrorCode);
    }

    private static T Read<T>(string hex)
        where T : SpdmMessage
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(SpdmMessage.TryDecode(bytes, default, out SpdmMessage? message, out _, out var fault), fault?.ToString());
        return Assert.IsType<T>(message);
    }
}
