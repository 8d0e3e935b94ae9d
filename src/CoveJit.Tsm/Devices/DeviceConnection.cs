using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tdisp;

namespace CoveJit.Tsm.Devices;

/// <summary>
/// The TSM's connection with a device: an SPDM session, and the keys of an IDE stream at both ends (CoVE-IO, "Device Connection"). Straight code that
/// awaits the device's answers, which the host brings: nothing of it runs but within a call. For the holder of the TSM's lock.
/// </summary>
internal sealed class DeviceConnection : IDisposable
{
    private const int DataTransferSize = 1536;
    private const int CertificatePortion = 1024;

    // What the longest call needs of a session before its keys must be changed.
    private const ulong RecordsOfCall = 64;

    private readonly DevicePlatform _platform;
    private readonly RootPortSecurity _ports;
    private readonly RequesterId _port;
    private readonly SpdmRequester _requester;

    public DeviceConnection(DevicePlatform platform, RootPortSecurity ports, ISpdmTransport transport, RequesterId device, RequesterId port, IdeStreamDescriptor stream)
    {
        _platform = platform;
        _ports = ports;
        _port = port;
        Device = device;
        Stream = stream;
        _requester = new SpdmRequester(transport, new SpdmRequesterOptions
        {
            Verifier = new CertificateVerifier(platform.TrustAnchors),
            Random = platform.Random,
            DataTransferSize = DataTransferSize,
            CertificatePortion = CertificatePortion,
            MaxRecords = platform.MaxRecords,
            Observer = Transcript,
        });
    }

    /// <summary>The device, by the number that it was connected with.</summary>
    public RequesterId Device { get; }

    public IdeStreamDescriptor Stream { get; }

    public ConnectionTranscript Transcript { get; } = new();

    /// <summary>The session; null until it is established.</summary>
    public SpdmSession? Session { get; private set; }

    /// <summary>The key set in use; null if there is none.</summary>
    public byte? KeySet { get; private set; }

    /// <summary>Whether all of it is set up.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the session can be used.</summary>
    public bool IsOpen => Session is { IsOpen: true };

    /// <summary>Whether the session's keys have to be changed before another call uses them.</summary>
    public bool NeedsKeyUpdate => Session!.RecordsLeft < RecordsOfCall;

    /// <summary>Whether all keys of the stream are in use at the port, and the port's end has not failed.</summary>
    public bool IsProtected => KeySet is byte set && Keys(set, IdeDirection.Receive).Concat(Keys(set, IdeDirection.Transmit)).All(id => _ports.KeyStatus(_port, id) == IdeKeyState.Enabled);

    /// <summary>Establishes the session, and reads what the transcript is to have.</summary>
    public async ValueTask EstablishAsync()
    {
        await _requester.ConnectAsync().ConfigureAwait(false);
        await _requester.GetCertificateAsync().ConfigureAwait(false);
        Session = await _requester.StartSessionAsync().ConfigureAwait(false);
        await MeasureAsync(raw: false, nonce: null).ConfigureAwait(false);
        TdispRequester device = Tdisp();
        await device.CheckVersionAsync().ConfigureAwait(false);
        await device.GetCapabilitiesAsync().ConfigureAwait(false);
    }

    /// <summary>Reads signed measurements.</summary>
    /// <returns>What was signed, with the signature: VCA, request and response.</returns>
    public async ValueTask<byte[]> MeasureAsync(bool raw, byte[]? nonce)
    {
        await _requester.GetMeasurementsAsync(GetMeasurements.All, signed: true, raw, Session, nonce).ConfigureAwait(false);
        return [.. _requester.NegotiationTranscript, .. Transcript.Last];
    }

    /// <summary>The requester of the function's interface.</summary>
    public TdispRequester Tdisp() => new(Session!, Device.Value);

    /// <summary>Writes the port's registers of the stream, and gives both ends new keys.</summary>
    public async ValueTask ProtectAsync()
    {
        Require(_ports.ProgramStream(_port, Stream));
        await ChangeKeysAsync(0).ConfigureAwait(false);
        Require(_ports.EnableStream(_port, true));
    }

    /// <summary>Gives both ends the keys of the other key set, and stops using those of before.</summary>
    public async ValueTask RefreshAsync()
    {
        byte before = KeySet!.Value;
        await ChangeKeysAsync((byte)(before ^ 1)).ConfigureAwait(false);
        await StopAsync(before).ConfigureAwait(false);
    }

    /// <summary>Stops the stream and ends the session, as far as the device goes along.</summary>
    public async ValueTask CloseAsync()
    {
        _ports.EnableStream(_port, false);
        if (KeySet is byte set)
        {
            await StopAsync(set).ConfigureAwait(false);
        }

        await Session!.EndAsync().ConfigureAwait(false);
    }

    /// <summary>Takes the stream from the port: its keys are forgotten.</summary>
    public void ForgetKeys()
    {
        _ports.EnableStream(_port, false);
        foreach (IdeKeyId id in Enumerable.Range(0, 2).SelectMany(set => Keys((byte)set, IdeDirection.Transmit).Concat(Keys((byte)set, IdeDirection.Receive))))
        {
            _ports.SetStop(_port, id); // of no effect on those that are not in use
        }

        _ports.ClearKeys(_port, Stream.StreamId);
        KeySet = null;
    }

    public void Dispose()
    {
        Session?.Dispose();
        _requester.Dispose();
    }

    private static IdeKeyId Opposite(IdeKeyId id) => id with { Direction = id.Direction == IdeDirection.Receive ? IdeDirection.Transmit : IdeDirection.Receive };

    private static void Require(SbiError error)
    {
        if (error != SbiError.Success)
        {
            throw new SpdmException(SpdmFailure.Unexpected, $"the root port refuses its part of the stream: {error}");
        }
    }

    private IEnumerable<IdeKeyId> Keys(byte set, IdeDirection direction) => IdeKeyId.Of(Stream.StreamId, set, direction);

    // The order of CoVE-IO's flow: all keys, then receivers before transmitters, the device before the port.
    private async ValueTask ChangeKeysAsync(byte set)
    {
        IdeKmRequester device = new(Session!);
        List<(IdeKeyId Id, IdeKey Key)> keys = [];
        foreach (IdeKeyId id in Keys(set, IdeDirection.Receive).Concat(Keys(set, IdeDirection.Transmit)).ToArray())
        {
            byte[] bytes = new byte[IdeKey.KeySize + IdeKey.IfvSize];
            _platform.Random.Fill(bytes);
            IdeKey key = new(bytes.AsSpan(0, IdeKey.KeySize), bytes.AsSpan(IdeKey.KeySize));
            IdeKeyStatus status = await device.ProgramAsync(0, id, key).ConfigureAwait(false);
            if (status != IdeKeyStatus.Success)
            {
                throw new SpdmException(SpdmFailure.Unexpected, $"the device does not take a key: {status}");
            }

            keys.Add((Opposite(id), key));
        }

        foreach ((IdeKeyId id, IdeKey key) in keys)
        {
            Require(_ports.ProgramKey(_port, id, key));
        }

        foreach (IdeDirection direction in (IdeDirection[])[IdeDirection.Receive, IdeDirection.Transmit])
        {
            foreach (IdeKeyId id in Keys(set, direction))
            {
                await device.GoAsync(0, id).ConfigureAwait(false);
            }

            foreach (IdeKeyId id in Keys(set, direction))
            {
                Require(_ports.SetGo(_port, id));
            }
        }

        KeySet = set;
    }

    private async ValueTask StopAsync(byte set)
    {
        IdeKmRequester device = new(Session!);
        foreach (IdeDirection direction in (IdeDirection[])[IdeDirection.Transmit, IdeDirection.Receive])
        {
            try
            {
                foreach (IdeKeyId id in Keys(set, direction))
                {
                    await device.StopAsync(0, id).ConfigureAwait(false);
                }
            }
            finally
            {
                foreach (IdeKeyId id in Keys(set, direction))
                {
                    _ports.SetStop(_port, id);
                }
            }
        }
    }
}
