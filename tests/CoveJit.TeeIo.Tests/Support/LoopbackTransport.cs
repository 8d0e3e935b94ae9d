using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;

namespace CoveJit.TeeIo.Tests.Support;

/// <summary>A requester's way to a device by DOE, with somebody in between who may read and change everything.</summary>
internal sealed class LoopbackTransport(DoeResponder device) : ISpdmTransport
{
    /// <summary>Changes a request, given the number of requests before it.</summary>
    public Func<int, byte[], byte[]>? OnRequest { get; set; }

    /// <summary>Changes a response, given the number of requests before its own.</summary>
    public Func<int, byte[], byte[]>? OnResponse { get; set; }

    public List<byte[]> Requests { get; } = [];

    public List<byte[]> Responses { get; } = [];

    public List<TimeSpan> Waits { get; } = [];

    public ValueTask<SpdmPacket> ExchangeAsync(SpdmPacket request, CancellationToken cancellation)
    {
        int index = Requests.Count;
        byte[] sent = DataObject.From(request).Encode();
        sent = OnRequest?.Invoke(index, sent) ?? sent;
        Requests.Add(sent);
        byte[] received = device.Respond(sent) ?? [];
        received = OnResponse?.Invoke(index, received) ?? received;
        Responses.Add(received);
        return DataObject.TryDecode(received, out DataObject? dataObject, out _) && dataObject.TryGetPacket(out SpdmPacket packet)
            ? ValueTask.FromResult(packet)
            : throw new SpdmException(SpdmFailure.Transport, "no data object");
    }

    public ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellation)
    {
        Waits.Add(delay);
        return ValueTask.CompletedTask;
    }
}
