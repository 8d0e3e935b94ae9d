using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tests.Support;

/// <summary>Valid messages of every kind with contents drawn from a seed.</summary>
internal sealed class MessageSamples(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The context that the SPDM samples are made for.</summary>
    public static MessageContext Context { get; } = new() { HashSize = 48, SignatureSize = 96, ExchangeSize = 96, SummaryRequested = true, SignatureRequested = true };

    public IEnumerable<SpdmMessage> Spdm() =>
    [
        new GetVersion(),
        new VersionResponse { Entries = [.. Many(1, 5, _ => U16())] },
        new GetCapabilities { CryptoTimeoutExponent = Below(32), Flags = SpdmCapabilities.Encrypt | SpdmCapabilities.KeyExchange, DataTransferSize = 42 + (uint)U16(), MaxMessageSize = 0x100000 },
        new CapabilitiesResponse { Flags = SpdmCapabilities.Certificate | SpdmCapabilities.MeasurementSigned, DataTransferSize = 42, MaxMessageSize = 42 + (uint)U16() },
        new NegotiateAlgorithms { OpaqueDataFormats = OpaqueDataFormats.Format1, BaseAsymmetric = (BaseAsymmetricAlgorithms)U16(), BaseHash = (BaseHashAlgorithms)U16(), Structures = Structures(() => U16()) },
        new AlgorithmsResponse
        {
            MeasurementSpecification = Below(2),
            OpaqueDataFormat = OpaqueDataFormats.Format1,
            MeasurementHash = (MeasurementHashAlgorithms)(1u << Below(8)),
            BaseAsymmetric = (BaseAsymmetricAlgorithms)(1u << Below(12)),
            BaseHash = (BaseHashAlgorithms)(1u << Below(7)),
            Structures = Structures(() => (ushort)(1 << Below(16))),
        },
        new GetDigests(),
        new DigestsResponse { SlotMask = 0b101, Digests = Bytes(2 * 48) },
        new GetCertificate { Slot = Below(8), Offset = U16(), Length = U16() },
        new CertificateResponse { Slot = Below(8), Portion = Bytes(Below(200)), RemainderLength = U16() },
        new Challenge { Slot = Below(8), Summary = MeasurementSummary.All, Nonce = Bytes(32) },
        new ChallengeAuth { Slot = Below(8), SlotMask = Below(255), CertificateChainHash = Bytes(48), Nonce = Bytes(32), SummaryHash = Bytes(48), OpaqueData = Bytes(Below(60)), Signature = Bytes(96) },
        new GetMeasurements { SignatureRequested = true, RawBitStreamRequested = Below(2) == 0, Operation = Below(255), Nonce = Bytes(32), Slot = Below(8) },
        new GetMeasurements { Operation = Below(255) },
        new MeasurementsResponse
        {
            TotalCount = Below(10),
            Slot = Below(8),
            Blocks = [.. Many(0, 5, i => new MeasurementBlock((byte)(i + 1), (MeasurementType)Below(8), Below(2) == 0, Bytes(Below(60))))],
            Nonce = Bytes(32),
            OpaqueData = Bytes(Below(60)),
            Signature = Bytes(96),
        },
        new KeyExchange { Summary = MeasurementSummary.TrustedComputingBase, Slot = Below(8), RequesterSessionId = U16(), SessionPolicy = Below(2), RandomData = Bytes(32), ExchangeData = Bytes(96), OpaqueData = Bytes(Below(60)) },
        new KeyExchangeResponse
        {
            HeartbeatPeriod = Below(255),
            ResponderSessionId = U16(),
            MutualAuthentication = Below(8),
            RequesterSlot = Below(16),
            RandomData = Bytes(32),
            ExchangeData = Bytes(96),
            SummaryHash = Bytes(48),
            OpaqueData = Bytes(Below(60)),
            Signature = Bytes(96),
            VerifyData = Bytes(48),
        },
        new Finish { VerifyData = Bytes(48) },
        new FinishResponse(),
        new Heartbeat(),
        new HeartbeatAck(),
        new KeyUpdate { Operation = KeyUpdateOperation.UpdateAllKeys, Tag = Below(255) },
        new KeyUpdateAck { Operation = KeyUpdateOperation.VerifyNewKey, Tag = Below(255) },
        new EndSession { ClearNegotiatedState = Below(2) == 0 },
        new EndSessionAck(),
        new VendorDefinedRequest { StandardId = U16(), VendorId = Bytes(Below(5)), Payload = Bytes(Below(100)) },
        new VendorDefinedResponse { StandardId = U16(), VendorId = Bytes(Below(5)), Payload = Bytes(Below(100)) },
        new RespondIfReady { RequestCode = SpdmCode.Challenge, Token = Below(255) },
        new ErrorResponse { ErrorCode = SpdmErrorCode.ResponseNotReady, NotReady = new ResponseNotReady(Below(30), SpdmCode.Challenge, Below(255), Below(255)) },
        new ErrorResponse { ErrorCode = SpdmErrorCode.VendorDefined, ErrorData = Below(255), ExtendedData = Bytes(Below(33)) },
    ];

    public IEnumerable<TdispMessage> Tdisp()
    {
        TdispMessage[] messages =
        [
            new TdispGetVersion(),
            new TdispVersion { Versions = Bytes(Below(4)) },
            new TdispGetCapabilities { TsmCapabilities = U32() },
            new TdispCapabilities { DsmCapabilities = U32(), RequestsSupported = Bytes(16), LockFlags = (TdispLockFlags)U16(), AddressWidth = Below(64), RequestsPerInterface = Below(9), RequestsPerDevice = Below(9) },
            new TdispLockInterface { Flags = (TdispLockFlags)U16(), DefaultStreamId = Below(255), MmioReportingOffset = U32(), BindP2pAddressMask = U32() },
            new TdispLockInterfaceResponse { Nonce = Bytes(32) },
            new TdispGetReport { Offset = U16(), Length = U16() },
            new TdispReportPortion { Portion = Bytes(Below(100)), RemainderLength = U16() },
            new TdispGetState(),
            new TdispStateResponse { State = (TdispState)Below(4) },
            new TdispStartInterface { Nonce = Bytes(32) },
            new TdispStartInterfaceResponse(),
            new TdispStopInterface(),
            new TdispStopInterfaceResponse(),
            new TdispBindP2pStream { StreamId = Below(255) },
            new TdispBindP2pStreamResponse(),
            new TdispUnbindP2pStream { StreamId = Below(255) },
            new TdispUnbindP2pStreamResponse(),
            new TdispSetMmioAttribute { Range = Range() },
            new TdispSetMmioAttributeResponse(),
            new TdispError { ErrorCode = (TdispErrorCode)U32(), ErrorData = U32(), ExtendedData = Bytes(Below(20)) },
        ];
        foreach (TdispMessage message in messages)
        {
            message.FunctionId = U32();
        }

        return messages;
    }

    public IEnumerable<IdeKmMessage> IdeKm() =>
    [
        new IdeKmQuery { PortIndex = Below(255) },
        new IdeKmQueryResponse { PortIndex = Below(9), DeviceFunction = Below(255), Bus = Below(255), Segment = Below(255), MaxPortIndex = Below(9), Registers = Bytes(4 * Below(20)) },
        new IdeKmKeyProgram { Key = Key(), PortIndex = Below(9), KeyBytes = Bytes(32), Ifv = Bytes(8) },
        new IdeKmKeyProgramAck { Key = Key(), PortIndex = Below(9), Status = (IdeKeyStatus)Below(5) },
        new IdeKmKeySetGo { Key = Key(), PortIndex = Below(9) },
        new IdeKmKeySetStop { Key = Key(), PortIndex = Below(9) },
        new IdeKmKeyGoStopAck { Key = Key(), PortIndex = Below(9) },
    ];

    public TdispReport Report() => new()
    {
        InterfaceInfo = (TdispInterfaceInfo)U16(),
        MsixMessageControl = U16(),
        LnrControl = U16(),
        TphControl = U32(),
        MmioRanges = [.. Many(0, 7, _ => Range())],
        DeviceSpecificInfo = Bytes(Below(100)),
    };

    private byte Below(int limit) => (byte)_random.Next(limit);

    private ushort U16() => (ushort)_random.Next(0x10000);

    private uint U32() => (uint)_random.NextInt64(1L << 32);

    private byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        _random.NextBytes(bytes);
        return bytes;
    }

    private List<T> Many<T>(int least, int most, Func<int, T> make) => [.. Enumerable.Range(0, _random.Next(least, most + 1)).Select(make)];

    private List<AlgorithmStructure> Structures(Func<ushort> bits) => [.. Enum.GetValues<AlgorithmType>().Where(_ => Below(3) > 0).Select(t => new AlgorithmStructure(t, bits()))];

    private IdeKeyId Key() => new(Below(255), Below(2), (IdeDirection)Below(2), (IdeSubStream)Below(3));

    private TdispMmioRange Range() => new(U32(), U32(), (TdispMmioAttributes)U16(), U16());
}
