using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;

namespace CoveJit.Devices.Pcie.Security;

/// <summary>
/// A device security manager (TDISP, "DSM") beside a function, which becomes a TEE device interface: a mailbox of Data Object Exchange with an SPDM
/// responder behind it, IDE's registers and keys, and TDISP's state machine. The function's gate guards it.
/// </summary>
/// <remarks>
/// While locked, a change of Memory Space Enable, Bus Master Enable, a base address, the stream, or (with LOCK_MSIX) of what interrupt messages are leads
/// to ERROR, and so does a reset. Requests carry the T bit in RUN only, and then the function's memory answers those with the T bit alone. TDISP has no
/// message by which a device tells of ERROR: the function's Device Status has Fatal Error Detected from then on, for whoever looks.
/// </remarks>
public sealed class DeviceSecurityManager : ITdispFunction, IFunctionGuard, IDisposable
{
    private const ushort MailboxId = 0x2E;
    private const int MailboxVersion = 1;
    private const int MailboxSize = 0x18;
    private const ulong PageSize = 4096;

    private readonly PcieFunction _function;
    private readonly SpdmResponder _responder;
    private readonly DoeMailbox _mailbox;
    private readonly IdePortKeyStore _keys;
    private readonly TdispInterface _interface;
    private bool _locksMessages;
    private byte[] _lockedState = [];
    private int _lockedBus;

    /// <summary>Adds the capabilities to a function whose Device Capabilities say TEE-IO Supported, and guards it.</summary>
    /// <param name="function">The function, which is on no bus yet.</param>
    /// <param name="identity">The device's key and certificates.</param>
    /// <param name="measurements">What the device measured of itself.</param>
    /// <param name="random">Where nonces and keys come from.</param>
    public DeviceSecurityManager(PcieFunction function, DeviceIdentity identity, IMeasurementSource measurements, IRandomSource? random = null)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(identity);
        _function = function;
        random ??= SystemRandomSource.Instance;
        _interface = new TdispInterface(() => function.RequesterId.Value, this, random);
        _keys = new IdePortKeyStore(Port.Keys, () => new IdeKmQueryResponse
        {
            DeviceFunction = function.DeviceFunction,
            Bus = (byte)function.RequesterId.Bus,
            Registers = Port.ReadRegisters(),
        });
        _responder = new SpdmResponder(new SpdmResponderOptions
        {
            Signer = identity.CreateDeterministicSigner(),
            Certificates = identity.Certificates,
            Measurements = measurements,
            Random = random,
            Handlers = [new PciSigHandler(new IdeKmResponder(_keys), new TdispResponder([_interface]))],
        });
        DoeResponder responder = new(_responder);
        _mailbox = new DoeMailbox(request =>
        {
            lock (Port.Gate)
            {
                return responder.Respond(request);
            }
        });
        new RegisterBlockCapability(MailboxId, MailboxVersion, MailboxSize, _mailbox.Read, _mailbox.Write).Attach(function);
        Port.Attach(function);
        function.Guard = this;
    }

    /// <summary>The function's end of IDE.</summary>
    public IdePort Port { get; } = new();

    /// <summary>The state of the interface.</summary>
    public TdispState State
    {
        get
        {
            lock (_function.Gate)
            {
                FollowStream();
                return _interface.State;
            }
        }
    }

    /// <summary>What the device says in its sessions in place of the truth; null for nothing. Any thread may set it.</summary>
    public ResponderLie? Lie
    {
        get => _responder.Lie;
        set => _responder.Lie = value;
    }

    /// <inheritdoc/>
    bool IFunctionGuard.AnswersMemory(bool trusted)
    {
        FollowStream();
        return trusted ? _interface.State == TdispState.Run : _interface.State is TdispState.ConfigUnlocked or TdispState.ConfigLocked;
    }

    /// <summary>Ends all sessions.</summary>
    public void Dispose()
    {
        _responder.Dispose();
        Port.Dispose();
    }

    /// <inheritdoc/>
    void IFunctionGuard.OnWritten()
    {
        if (_interface.State is TdispState.ConfigLocked or TdispState.Run && !Measure().AsSpan().SequenceEqual(_lockedState))
        {
            _interface.Fail();
        }

        FollowStream();
    }

    /// <inheritdoc/>
    void IFunctionGuard.OnStatusRead() => FollowStream();

    /// <inheritdoc/>
    void IFunctionGuard.OnReset()
    {
        _interface.Fail();
        if (_interface.State == TdispState.Error) // which a reset does not lead out of
        {
            _function.ReportFatalError();
        }

        _mailbox.Reset();
    }

    /// <inheritdoc/>
    TdispErrorCode ITdispFunction.Lock(uint session, TdispLockInterface request, out TdispReport report)
    {
        report = new TdispReport();
        if (!Port.IsEnabled || !Port.Stream.IsSecure || Port.StreamId != request.DefaultStreamId || !_keys.IsOwner(session, request.DefaultStreamId))
        {
            return TdispErrorCode.InvalidRequest;
        }

        List<TdispMmioRange> ranges = [];
        foreach ((int index, ulong start, ulong size) in _function.MemoryRanges)
        {
            if (start == 0 || start % PageSize != 0 || size % PageSize != 0)
            {
                return TdispErrorCode.InvalidDeviceConfiguration;
            }

            for (ulong offset = 0; offset < size; offset += PageSize)
            {
                TdispMmioAttributes attributes = _function.MessagePage(index, offset) switch
                {
                    0 => TdispMmioAttributes.MsixTable,
                    1 => TdispMmioAttributes.MsixPendingBits,
                    _ => TdispMmioAttributes.None,
                };
                ulong page = (start + offset + request.MmioReportingOffset) / PageSize;
                if (ranges.Count > 0 && ranges[^1] is { } last && last.RangeId == index && last.Attributes == attributes)
                {
                    ranges[^1] = last with { PageCount = last.PageCount + 1 };
                }
                else
                {
                    ranges.Add(new TdispMmioRange(page, 1, attributes, (ushort)index));
                }
            }
        }

        _locksMessages = (request.Flags & TdispLockFlags.LockMsix) != 0;
        _lockedState = Measure();
        _lockedBus = _function.RequesterId.Bus;
        report.InterfaceInfo = TdispInterfaceInfo.DmaWithoutPasid | ((request.Flags & TdispLockFlags.NoFirmwareUpdate) != 0 ? TdispInterfaceInfo.NoUpdateAfterLock : 0);
        report.MsixMessageControl = _locksMessages ? _function.MessageControl : (ushort)0;
        report.MmioRanges = ranges;
        return TdispErrorCode.None;
    }

    /// <inheritdoc/>
    void ITdispFunction.Start() => _function.Dma.Trusted = true;

    /// <inheritdoc/>
    void ITdispFunction.Stop()
    {
        _function.Dma.Trusted = false;
        _function.Scrub();
        _function.Dma.IsStopped = false;
    }

    /// <inheritdoc/>
    void ITdispFunction.EnterError()
    {
        _function.Dma.IsStopped = true;
        _function.Dma.Trusted = false;
        _function.ReportFatalError();
    }

    // What changes without a write to the function: the stream turns insecure (whoever finds that out holds another lock), the bridge above numbers its bus anew.
    private void FollowStream()
    {
        if (_interface.State is TdispState.ConfigLocked or TdispState.Run && (!Port.IsSecure || _function.RequesterId.Bus != _lockedBus))
        {
            _interface.Fail();
        }
    }

    // What must not change while locked.
    private byte[] Measure() => [.. _function.LockedState(_locksMessages), Port.StreamId];
}
