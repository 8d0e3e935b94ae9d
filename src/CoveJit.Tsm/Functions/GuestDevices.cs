using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Functions;

/// <summary>COVG: what a TVM asks of the physical device of an interface (CoVE-IO, "Physical Device Query").</summary>
internal static class GuestDevices
{
    private const uint Transcript = 1025;
    private const uint Measurements = 1026;
    private const int NonceSize = 32;

    private static readonly CoveArgument Interface = new("device_if_id", ArgumentKind.BoundInterface, SbiError.Failed);

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Guest, 1024, null, "get_device_link", [Interface],
            "Tells whether the device of an interface has a session with the TSM (bit 0), and keys of IDE on its link (bit 1).",
            "bits",
            [],
            GetLink),
        new(
            CoveExtension.Guest, Transcript, null, "get_device_connection_transcript",
            [
                new("device_if_id", ArgumentKind.BoundInterface), new("transcript_element_id", ArgumentKind.Value), new("transcript_element_parameter", ArgumentKind.Value),
                new("data_out_addr", ArgumentKind.GuestPage, SbiError.InvalidParam), new("data_size", ArgumentKind.Length),
            ],
            "Writes an element of the transcript of the device's connection: 0 all, 1 the certificate chain of a slot, 2 measurements, 3 VCA, 4 the session's, 5 TDISP's version and capabilities. Exits to the host if the host has not handed the transcript back (COVH 1034); then the call is made again.",
            "bytes written",
            [
                new(SbiError.InvalidParam, "there is no such element, it does not fit, or the place is not confidential memory"),
            ],
            GetTranscript),
        new(
            CoveExtension.Guest, Measurements, null, "get_device_measurements",
            [
                Interface, new("nonce_addr", ArgumentKind.GuestPage), new("msmt_req_attr", ArgumentKind.Value),
                new("msmt_out_addr", ArgumentKind.GuestPage), new("msmt_size", ArgumentKind.Length),
            ],
            "Has the device sign its measurements with the TVM's nonce, or, for the address 0, with one of the TSM's, and writes what is signed with the signature: VCA, GET_MEASUREMENTS, MEASUREMENTS. Waits for the device.",
            "bytes written",
            [
                new(SbiError.InvalidAddress, "the nonce or the place is not in confidential memory"),
                GuestInterfaces.Spent,
                new(SbiError.Failed, "there is no session with the device, it waits for another call, does not answer as it should, or what is signed does not fit"),
            ],
            GetMeasurements),
    ];

    private static SbiResult? GetLink(CoveCall call)
    {
        const ulong SecuredSpdm = 1;
        const ulong PcieIde = 2;
        DeviceConnection connection = call.Device.Connection!;
        return SbiResult.Of((connection.IsOpen ? SecuredSpdm : 0) | (connection.IsProtected ? PcieIde : 0));
    }

    private static SbiResult? GetTranscript(CoveCall call)
    {
        const ulong LargestSlot = 7;
        if (call[1] > (ulong)TranscriptElement.Tdisp || ((TranscriptElement)call[1] == TranscriptElement.Certificate && call[2] > LargestSlot))
        {
            return SbiError.InvalidParam;
        }

        DeviceConnection connection = call.Device.Connection!; // as long as the interface is bound
        if (!connection.Transcript.IsKnown)
        {
            call.Tsm.Devices!.AskForTranscript(call, Transcript, call.Device);
            return null;
        }

        TranscriptElement element = (TranscriptElement)call[1];
        byte[] bytes = connection.Transcript.Extract(element, element == TranscriptElement.Certificate ? (int)call[2] : 0);
        return bytes.Length != 0 && (ulong)bytes.Length <= call[4] && call.Tsm.TryWriteGuest(call.Tvm, call[3], bytes)
            ? SbiResult.Of((ulong)bytes.Length)
            : SbiError.InvalidParam;
    }

    private static SbiResult? GetMeasurements(CoveCall call)
    {
        const ulong RawBitStream = 2;
        (TeeDevice device, Tvm tvm) = (call.Device, call.Tvm);
        (bool raw, ulong address, ulong size) = ((call[2] & RawBitStream) != 0, call[3], call[4]);
        byte[]? nonce = call[1] == 0 ? null : new byte[NonceSize];
        if ((nonce is not null && !call.Tsm.TryReadGuest(tvm, call[1], nonce)) || !call.Tsm.TryReadGuest(tvm, address, new byte[1]))
        {
            return SbiError.InvalidAddress;
        }

        if (device.Operation is not null || HostDevices.CheckSession(device) == SbiError.Failed)
        {
            return SbiError.Failed;
        }

        return HostDevices.CheckSession(device) ?? call.Tsm.Devices!.GuestCall(call, Measurements, device, async () =>
        {
            byte[] signed = await device.Connection!.MeasureAsync(raw, nonce).ConfigureAwait(false);
            return (ulong)signed.Length <= size && call.Tsm.TryWriteGuest(tvm, address, signed) ? SbiResult.Of((ulong)signed.Length) : SbiError.Failed;
        });
    }
}
