using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.TeeIo.Tdisp;

namespace CoveJit.Devices.Tests.Pcie.Security;

/// <summary>A function with a device security manager behind a root port, and a requester that reaches it by configuration space alone.</summary>
internal sealed class TeeWorld : ISpdmTransport, IDisposable
{
    public const byte Stream = 7;
    public const uint FunctionId = 0x0100;

    private static readonly Lazy<DeviceIdentity> Identity = new(() => CertificateAuthority.CreateRoot(new CertificateOptions { Random = Random("root") })
        .CreateIntermediate().CreateDevice(new DeviceProfile("CoveJit", "Test", "0001")));

    private readonly int _mailbox;

    public TeeWorld(IdeLinkMode mode = IdeLinkMode.Functional)
    {
        Function = new TestFunction(mailbox: false);
        Manager = new DeviceSecurityManager(
            Function, Identity.Value, new MeasurementList(new Measurement(1, MeasurementType.MutableFirmware, [1, 2, 3])), Random("device"));
        Host = new TestHost(Function);
        Link = Host.Port.Protect(Manager.Port, mode);
        Assert.True(IdeStreamDescriptor.TryRead([Stream, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0], out IdeStreamDescriptor? stream)); // for 01:00.0
        PortEnd.Program(stream);
        _mailbox = FindExtended(0x2E);
        DeviceIde = FindExtended(0x30);
        PortIde = FindExtended(0x30, bus: 0, device: 1);
    }

    public TestFunction Function { get; }

    public DeviceSecurityManager Manager { get; }

    public TestHost Host { get; }

    public IdePort PortEnd => Link.Port;

    public IdeLink Link { get; }

    /// <summary>Offsets of the capabilities of IDE.</summary>
    public int DeviceIde { get; }

    public int PortIde { get; }

    public uint DeviceStatus => Host.Read(1, 0, 0, DeviceIde + IdePort.StatusOffset);

    public uint PortStatus => PortEnd.Status;

    public static SeededRandomSource Random(string seed) => new(System.Text.Encoding.UTF8.GetBytes(seed));

    public async Task<SpdmSession> StartSessionAsync(string seed = "requester")
    {
        SpdmRequester requester = new(this, new SpdmRequesterOptions
        {
            Verifier = new CertificateVerifier([Identity.Value.Certificates[0]]),
            Random = Random(seed),
        });
        await requester.ConnectAsync();
        await requester.GetCertificateAsync();
        return await requester.StartSessionAsync();
    }

    /// <summary>Keys for both ends, and both streams enabled.</summary>
    public async Task EstablishStreamAsync(SpdmSession session)
    {
        IdeKmRequester keys = new(session);
        SeededRandomSource random = Random("keys");
        foreach (IdeDirection direction in new[] { IdeDirection.Receive, IdeDirection.Transmit })
        {
            foreach (IdeKeyId id in IdeKeyId.Of(Stream, 0, direction))
            {
                byte[] bytes = new byte[40];
                random.Fill(bytes);
                IdeKey key = new(bytes.AsSpan(0, 32), bytes.AsSpan(32));
                Assert.Equal(IdeKeyStatus.Success, await keys.ProgramAsync(0, id, key));
                await keys.GoAsync(0, id);
                IdeKeyId other = id with { Direction = direction == IdeDirection.Receive ? IdeDirection.Transmit : IdeDirection.Receive };
                Assert.True(PortEnd.Keys.TryProgram(other, new IdeKey(bytes.AsSpan(0, 32), bytes.AsSpan(32))));
                Assert.True(PortEnd.Keys.TryGo(other));
            }
        }

        const uint Enable = 1 | ((uint)Stream << 24);
        Host.Write(1, 0, 0, DeviceIde + IdePort.ControlOffset, Enable);
        PortEnd.Enable(true);
    }

    /// <summary>A session, a stream, and a locked interface.</summary>
    public async Task<(TdispRequester Interface, byte[] Nonce)> LockAsync(TdispLockFlags flags = TdispLockFlags.LockMsix)
    {
        SpdmSession session = await StartSessionAsync();
        await EstablishStreamAsync(session);
        TdispRequester requester = new(session, FunctionId);
        return (requester, await requester.LockAsync(flags, Stream));
    }

    /// <summary>An interface in RUN.</summary>
    public async Task<TdispRequester> RunAsync()
    {
        (TdispRequester requester, byte[] nonce) = await LockAsync();
        await requester.StartAsync(nonce);
        return requester;
    }

    public int FindExtended(ushort id, int bus = 1, int device = 0)
    {
        uint header;
        for (int at = 0x100; at != 0; at = (int)(header >> 20))
        {
            header = Host.Read(bus, device, 0, at);
            if ((ushort)header == id)
            {
                return at;
            }
        }

        return 0;
    }

    public void Dispose()
    {
        Manager.Dispose();
        PortEnd.Dispose();
    }

    ValueTask<SpdmPacket> ISpdmTransport.ExchangeAsync(SpdmPacket request, CancellationToken cancellation)
    {
        byte[] sent = DataObject.From(request).Encode();
        for (int i = 0; i < sent.Length; i += 4)
        {
            Host.Write(1, 0, 0, _mailbox + DoeMailbox.WriteOffset, BitConverter.ToUInt32(sent, i));
        }

        Host.Write(1, 0, 0, _mailbox + DoeMailbox.ControlOffset, 1u << 31);
        List<byte> received = [];
        while ((Host.Read(1, 0, 0, _mailbox + DoeMailbox.StatusOffset) & (1u << 31)) != 0)
        {
            received.AddRange(BitConverter.GetBytes(Host.Read(1, 0, 0, _mailbox + DoeMailbox.ReadOffset)));
            Host.Write(1, 0, 0, _mailbox + DoeMailbox.ReadOffset, 1);
        }

        return DataObject.TryDecode(received.ToArray(), out DataObject? dataObject, out _) && dataObject.TryGetPacket(out SpdmPacket packet)
            ? ValueTask.FromResult(packet)
            : throw new SpdmException(SpdmFailure.Transport, "no data object");
    }

    ValueTask ISpdmTransport.WaitAsync(TimeSpan delay, CancellationToken cancellation) => ValueTask.CompletedTask;
}
