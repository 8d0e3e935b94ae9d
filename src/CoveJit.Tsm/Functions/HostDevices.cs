using System.Buffers.Binary;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Monitor.Sbi;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Tdisp;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: physical devices (CoVE-IO, "Physical Device Management").</summary>
internal static class HostDevices
{
    private const uint Connect = 1024;
    private const uint Disconnect = 1025;
    private const uint UpdateKeys = 1031;
    private const uint RefreshKeys = 1032;
    private const uint Beat = 1033;

    private const byte TranscriptVersion = 1;
    private const int TranscriptHeader = 5;
    private const ulong LargestTranscript = 1 << 20;

    private static readonly CoveArgument Device = new("device_id", ArgumentKind.Device);
    /// <summary>The value of functions that wait for a device.</summary>
    public const string Waits = "1 while the host has a request to deliver, 0 in the end";

    /// <summary>A session whose keys are used up.</summary>
    public static readonly CoveErrorCase Spent = new(CoveError.KeyUpdateRequired, "the keys of the session with the device have protected almost as many records as they may");

    /// <summary>What the functions that use a session have in common.</summary>
    public static SbiError? CheckSession(TeeDevice device) =>
        device.Operation is not null ? null
        : device.Connection is not { IsReady: true, IsOpen: true } connection ? SbiError.Failed
        : connection.NeedsKeyUpdate ? CoveError.KeyUpdateRequired
        : null;

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, Connect, null, "connect_device",
            [Device, new("ide_stream_desc_addr", ArgumentKind.Structure, SbiError.InvalidParam), new("connection_data_out_addr", ArgumentKind.Page, SbiError.InvalidParam), new("connection_data_size", ArgumentKind.Length)],
            "Establishes an SPDM session with a device and the keys of an IDE stream between it and its root port, and writes the transcript of the connection. Waits for the device.",
            Waits,
            [
                new(SbiError.InvalidParam, "the descriptor or the place for the transcript is not in the host's memory, or the descriptor is wrong or not for the device"),
                NoSharedMemory,
                new(SbiError.Failed, "the device is connected, waits for another call, does not prove what it is or refuses its part, or the transcript does not fit"),
            ],
            ConnectDevice),
        new(
            CoveExtension.Host, Disconnect, null, "disconnect_device", [Device],
            "Ends the stream and the session with a device, whatever the device answers; ends other calls about it. Waits for the device.",
            Waits,
            [NoSharedMemory, new(SbiError.Failed, "the device is not connected, or its interface is bound to a TVM")],
            DisconnectDevice),
        new(
            CoveExtension.Host, UpdateKeys, null, "spdm_key_update", [Device],
            "Changes the keys of the session with a device. Waits for the device.",
            Waits,
            [NoSharedMemory, new(SbiError.Failed, "there is no session with the device, it waits for another call, or refuses")],
            UpdateSession),
        new(
            CoveExtension.Host, RefreshKeys, null, "ide_key_refresh", [Device, new("stream_id", ArgumentKind.Value)],
            "Gives both ends of a device's stream new keys. Waits for the device.",
            Waits,
            [
                new(SbiError.InvalidParam, "the stream is not the device's"),
                NoSharedMemory, Spent,
                new(SbiError.Failed, "there is no session with the device, or no stream, it waits for another call, or refuses"),
            ],
            RefreshStream),
        new(
            CoveExtension.Host, Beat, null, "spdm_heartbeat", [Device],
            "Keeps the session with a device alive. Waits for the device.",
            Waits,
            [NoSharedMemory, Spent, new(SbiError.Failed, "there is no session with the device, it waits for another call, or refuses")],
            Heartbeat),
        new(
            CoveExtension.Host, 1034, null, "get_device_connection_transcript",
            [Device, new("transcript_data_out_addr", ArgumentKind.Page, SbiError.InvalidParam), new("transcript_data_size", ArgumentKind.Length)],
            "Hands the transcript of a connection back to the TSM, which has kept its digest, so that TVMs can ask for it.",
            string.Empty,
            [
                new(SbiError.InvalidParam, "the transcript is not in the host's memory"),
                new(SbiError.Failed, "the device is not connected, or this is not the transcript of its connection"),
            ],
            TakeTranscript),
    ];

    private static SbiResult? ConnectDevice(CoveCall call)
    {
        TeeDevice device = call.Device;
        DeviceManager devices = call.Tsm.Devices!;
        if (device.Operation is null && device.Connection is not null)
        {
            return SbiError.Failed;
        }

        IdeStreamDescriptor? stream = null;
        (ulong address, ulong size) = (call[2], call[3]);
        if (device.Operation is null)
        {
            stream = ReadDescriptor(call.Tsm, call[1]);
            if (stream?.IsFor(device.Id!.Value) != true || size is < TranscriptHeader or > LargestTranscript || !call.Tsm.Pages.AreHostMemory(address, size))
            {
                return SbiError.InvalidParam;
            }
        }

        return devices.HostCall(call, Connect, device, 4, null, async () =>
        {
            RequesterId id = device.Id!.Value;
            DeviceConnection connection = new(devices.Platform, devices.RootPorts, device.Transport, id, device.Port.RequesterId, stream!);
            device.Connection = connection;
            try
            {
                await connection.EstablishAsync().ConfigureAwait(false);
                byte[] transcript = connection.Transcript.Complete();
                await connection.ProtectAsync().ConfigureAwait(false);
                connection.IsReady = TryWriteTranscript(call.Tsm, address, size, transcript);
                return connection.IsReady ? SbiError.Success : SbiError.Failed;
            }
            finally
            {
                if (!connection.IsReady)
                {
                    devices.Drop(device);
                }
            }
        });
    }

    private static SbiResult? DisconnectDevice(CoveCall call)
    {
        TeeDevice device = call.Device;
        DeviceManager devices = call.Tsm.Devices!;
        if (device.Connection is null || device.Interface is { IsBound: true })
        {
            return SbiError.Failed;
        }

        return devices.HostCall(call, Disconnect, device, 1, null, async () =>
        {
            // A call that was under way may have been the connecting one.
            if (device.Connection is not { } connection)
            {
                return SbiError.Success;
            }

            // It is over on this side whatever the device answers.
            if (connection.IsOpen)
            {
                _ = await DeviceManager.Guard(device, async () =>
                {
                    await connection.CloseAsync().ConfigureAwait(false);
                    return SbiError.Success;
                }).ConfigureAwait(false);
            }

            devices.Drop(device);
            return SbiError.Success;
        }, preempts: true);
    }

    private static SbiResult? UpdateSession(CoveCall call)
    {
        TeeDevice device = call.Device;
        if (CheckSession(device) == SbiError.Failed)
        {
            return SbiError.Failed;
        }

        return call.Tsm.Devices!.HostCall(call, UpdateKeys, device, 1, null, async () =>
        {
            await device.Connection!.Session!.UpdateKeysAsync().ConfigureAwait(false);
            return SbiError.Success;
        });
    }

    private static SbiResult? RefreshStream(CoveCall call)
    {
        TeeDevice device = call.Device;
        if (CheckSession(device) is SbiError error)
        {
            return error;
        }

        if (device.Operation is null && call[1] != device.Connection!.Stream.StreamId)
        {
            return SbiError.InvalidParam;
        }

        return call.Tsm.Devices!.HostCall(call, RefreshKeys, device, 2, null, async () =>
        {
            if (!device.Connection!.IsProtected)
            {
                return SbiError.Failed;
            }

            await device.Connection.RefreshAsync().ConfigureAwait(false);
            return SbiError.Success;
        });
    }

    private static SbiResult? Heartbeat(CoveCall call)
    {
        TeeDevice device = call.Device;
        if (CheckSession(device) is SbiError error)
        {
            return error;
        }

        return call.Tsm.Devices!.HostCall(call, Beat, device, 1, null, async () =>
        {
            await device.Connection!.Session!.HeartbeatAsync().ConfigureAwait(false);
            return SbiError.Success;
        });
    }

    private static SbiResult? TakeTranscript(CoveCall call)
    {
        Span<byte> header = stackalloc byte[TranscriptHeader];
        if (call[2] is < TranscriptHeader or > LargestTranscript || !call.Tsm.Pages.AreHostMemory(call[1], call[2]))
        {
            return SbiError.InvalidParam;
        }

        call.Tsm.TryReadHost(call[1], header);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[1..]);
        if (call.Device.Connection is not { IsReady: true } connection || header[0] != TranscriptVersion || length is 0 || length > call[2] - TranscriptHeader)
        {
            return SbiError.Failed;
        }

        byte[] bytes = new byte[length];
        call.Tsm.TryReadHost(call[1] + TranscriptHeader, bytes);
        return connection.Transcript.TryRestore(bytes) ? SbiError.Success : SbiError.Failed;
    }

    private static IdeStreamDescriptor? ReadDescriptor(SecurityManager tsm, ulong address)
    {
        Span<byte> bytes = stackalloc byte[IdeStreamDescriptor.MaximumSize];
        return tsm.TryReadHost(address, bytes[..4]) && IdeStreamDescriptor.SizeOf(bytes) is int size and <= IdeStreamDescriptor.MaximumSize
            && tsm.TryReadHost(address, bytes[..size]) && IdeStreamDescriptor.SizeOf(bytes) == size
            && IdeStreamDescriptor.TryRead(bytes[..size], out IdeStreamDescriptor? stream) ? stream : null;
    }

    private static bool TryWriteTranscript(SecurityManager tsm, ulong address, ulong size, byte[] transcript)
    {
        byte[] bytes = new byte[TranscriptHeader + transcript.Length];
        bytes[0] = TranscriptVersion;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), transcript.Length);
        transcript.CopyTo(bytes, TranscriptHeader);
        return (ulong)bytes.Length <= size && tsm.TryWriteHost(address, bytes);
    }
}
