using System.Buffers.Binary;
using CoveJit.Devices.Iommu;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Devices.Protection;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Responder;
using CoveJit.Tsm.Devices;

namespace CoveJit.Tsm.Tests;

/// <summary>
/// A root complex with two TEE devices, each behind a port of its own with IDE, an I/O MPT checker and the TSM's IOMMU; and what a host does with
/// configuration space: setting functions up, and taking requests to mailboxes.
/// </summary>
internal sealed class TestDevices : IPcieUpstream, IDisposable
{
    public const ulong Window = 0x4000_0000;
    public const ulong WindowSize = 0x1000_0000;
    public const byte Stream = 5;

    private const uint Ready = 1u << 31;

    private static readonly CertificateAuthority Root = CertificateAuthority.CreateRoot(new CertificateOptions { Random = Random("root") });
    private static readonly DeviceIdentity[] Identities = [.. Enumerable.Range(0, 2).Select(i => Root.CreateDevice(new DeviceProfile("CoveJit", "Test", $"{i}")))];

    private readonly GuestRam _ram;
    private readonly PhysicalMap _map;
    private readonly IPcieUpstream _checked;
    private readonly List<DeviceSecurityManager> _managers = [];
    private readonly List<IDisposable> _owned = [];

    public TestDevices(PhysicalMap map, IdeLinkMode mode)
    {
        _map = map;
        _ram = map.Ram;
        Checker = new IoMptChecker(_ram, map.DomainEpochs);
        _checked = Checker.Attach(this);
        Complex = new RootComplex(_checked, [.. Enumerable.Repeat(new NoLine(), 4)]);
        map.Add(Window, WindowSize, Complex.Window("window", Window));
        for (int i = 0; i < 2; i++)
        {
            TestDevice function = new($"device{i}");
            DeviceSecurityManager manager = new(
                function, Identities[i], new MeasurementList(new Measurement(1, MeasurementType.MutableFirmware, [1, 2, 3])), Random($"device{i}"));
            RootPort port = new($"port{i}", i + 1);
            port.Protect(manager.Port, mode);
            port.Insert(function);
            Complex.Root.Add(i + 1, port);
            Functions.Add(function);
            Ports.Add(port);
            _managers.Add(manager);
            SetUp(i);
        }
    }

    public static IReadOnlyList<byte[]> TrustAnchors => [Root.Certificate];

    public IoMptChecker Checker { get; }

    public RootComplex Complex { get; }

    public List<TestDevice> Functions { get; } = [];

    public List<RootPort> Ports { get; } = [];

    public IReadOnlyList<DeviceSecurityManager> Managers => _managers;

    /// <summary>Changes a response of a device's on its way to the TSM; null to bring it as it is.</summary>
    public Func<byte[], byte[]>? Change { get; set; }

    /// <summary>Requests that were taken to devices.</summary>
    public int Exchanges { get; private set; }

    public static ulong Id(int device) => (ulong)(device + 1) << 8;

    public static ulong Bar(int device) => Window + ((ulong)(device + 1) << 20);

    public static SeededRandomSource Random(string seed) => new(System.Text.Encoding.UTF8.GetBytes(seed));

    /// <summary>Gives a TSM the devices.</summary>
    public void Attach(SecurityManager tsm, IClock clock, (ulong Start, ulong Size) memory, ulong maxRecords)
    {
        RiscvIommu iommu = new("iommu", Checker.Port(tsm.Domain.Sdid, new RamDmaPort(_ram)), [.. Enumerable.Repeat(new NoLine(), 4)], (_, _) => false, clock, bare: false);
        _owned.Add(iommu);
        Complex.Root.Upstream = Checker.Route(_checked, tsm.Domain.Sdid, iommu.Attach(_checked));
        Complex.TrustedDomain = tsm.Domain.Sdid;
        tsm.Attach(new DevicePlatform
        {
            Ports = Ports,
            Iommu = iommu,
            IommuMemory = memory,
            TrustAnchors = TrustAnchors,
            Windows = [(Window, WindowSize)],
            Random = Random("tsm"),
            MaxRecords = maxRecords,
        });
    }

    /// <summary>Bus numbers, windows, base address, bus master; the stream's number in the device.</summary>
    public void SetUp(int device)
    {
        const uint MemoryAndMaster = 6;
        uint bus = (uint)device + 1;
        uint window = (uint)(Bar(device) >> 16);
        Write(0, device + 1, 0x18, (bus << 16) | (bus << 8));
        Write(0, device + 1, 0x20, (window << 16) | window);
        Write(0, device + 1, 4, MemoryAndMaster, 2);
        Write((int)bus, 0, 0x10, (uint)Bar(device));
        Write((int)bus, 0, 0x14, 0);
        Write((int)bus, 0, 4, MemoryAndMaster, 2);
        EnableStream(device, false);
    }

    /// <summary>Enables or disables the stream in the device.</summary>
    public void EnableStream(int device, bool on) => Write(device + 1, 0, Find(device + 1, 0, 0x30) + IdePort.ControlOffset, ((uint)Stream << 24) | (on ? 1u : 0));

    /// <summary>Takes a request to a device's mailbox.</summary>
    /// <returns>The payload of the response; empty if there was none.</returns>
    public byte[] Exchange(ulong id, byte[] payload)
    {
        Exchanges++;
        int bus = (int)(id >> 8);
        int mailbox = Find(bus, 0, 0x2E);
        if (mailbox == 0)
        {
            return [];
        }

        byte[] request = new byte[8 + ((payload.Length + 3) & ~3)];
        BinaryPrimitives.WriteUInt16LittleEndian(request, 1);
        request[2] = payload[0] is 0x10 or 0x12 ? (byte)1 : (byte)2;
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), (uint)request.Length / 4);
        payload.CopyTo(request, 8);
        Write(bus, 0, mailbox + DoeMailbox.ControlOffset, 1);
        for (int i = 0; i < request.Length; i += 4)
        {
            Write(bus, 0, mailbox + DoeMailbox.WriteOffset, BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(i)));
        }

        Write(bus, 0, mailbox + DoeMailbox.ControlOffset, Ready);
        List<byte> response = [];
        while ((Read(bus, 0, mailbox + DoeMailbox.StatusOffset) & Ready) != 0)
        {
            response.AddRange(BitConverter.GetBytes(Read(bus, 0, mailbox + DoeMailbox.ReadOffset)));
            Write(bus, 0, mailbox + DoeMailbox.ReadOffset, 1);
        }

        byte[] bytes = response.Count < 8 ? [] : [.. response.Skip(8)];
        return Change is null ? bytes : Change(bytes);
    }

    public uint Read(int bus, int device, int register, int size = 4)
    {
        Assert.True(Complex.Ecam.TryRead(Place(bus, device, register), size, out ulong value));
        return (uint)value;
    }

    public void Write(int bus, int device, int register, uint value, int size = 4) => Complex.Ecam.TryWrite(Place(bus, device, register), size, value);

    /// <summary>Finds an extended capability; 0 if there is none.</summary>
    public int Find(int bus, int device, ushort id)
    {
        uint header;
        for (int at = 0x100; at != 0; at = (int)(header >> 20))
        {
            header = Read(bus, device, at);
            if ((ushort)header == id)
            {
                return at;
            }

            if (header is 0 or uint.MaxValue)
            {
                break;
            }
        }

        return 0;
    }

    /// <summary>An access of a host's hart to a device's memory.</summary>
    public ulong Load(int device, ulong offset)
    {
        Assert.True(_map.TryRead(Bar(device) + offset, 4, out ulong value));
        return value;
    }

    public void Dispose()
    {
        foreach (DeviceSecurityManager manager in _managers)
        {
            manager.Dispose();
        }

        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }

        Checker.Dispose();
    }

    bool IPcieUpstream.TryRead(in PcieRequest request, ulong address, Span<byte> destination) => _ram.TryRead(address, destination);

    // As the machine does it: RAM, or, in 4 bytes, an interrupt file.
    bool IPcieUpstream.TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) =>
        _ram.TryWrite(address, source) || (source.Length == 4 && address >= TestMachine.ImsicBase && address < Window && _map.TryWrite(address, 4, BinaryPrimitives.ReadUInt32LittleEndian(source)));

    private static ulong Place(int bus, int device, int register) => ((ulong)new RequesterId(bus, device, 0).Value << 12) + (ulong)register;

    private sealed class NoLine : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }
}
