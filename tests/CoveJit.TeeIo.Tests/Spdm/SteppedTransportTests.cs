using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Spdm;

public sealed class SteppedTransportTests
{
    [Fact]
    public void A_requester_goes_forward_on_the_thread_that_brings_responses()
    {
        using TestDevice device = new();
        SteppedTransport transport = new();
        using SpdmRequester requester = device.CreateRequester(transport: transport);
        int thread = Environment.CurrentManagedThreadId;
        HashSet<int> threads = [];

        Task<SpdmSession> work = RunAsync();
        int steps = 0;
        while (transport.Pending is { } request)
        {
            transport.Complete(device.Responder.Respond(request));
            steps++;
        }

        Assert.True(work.IsCompletedSuccessfully, work.Exception?.ToString());
        Assert.True(steps >= 7);
        Assert.Equal([thread], threads);

        async Task<SpdmSession> RunAsync()
        {
            await requester.ConnectAsync().ConfigureAwait(false);
            threads.Add(Environment.CurrentManagedThreadId);
            await requester.GetCertificateAsync().ConfigureAwait(false);
            threads.Add(Environment.CurrentManagedThreadId);
            SpdmSession session = await requester.StartSessionAsync().ConfigureAwait(false);
            threads.Add(Environment.CurrentManagedThreadId);
            return session;
        }
    }

    [Fact]
    public void A_request_that_gets_no_response_fails()
    {
        using TestDevice device = new();
        SteppedTransport transport = new();
        using SpdmRequester requester = device.CreateRequester(transport: transport);
        Task work = requester.ConnectAsync().AsTask();

        transport.Fail("the device is gone");

        Assert.Equal(SpdmFailure.Transport, Assert.IsType<SpdmException>(work.Exception!.InnerException).Failure);
        Assert.Null(transport.Pending);
        Assert.Throws<InvalidOperationException>(() => transport.Fail("again"));
    }

    [Fact]
    public async Task The_same_seeds_give_the_same_bytes()
    {
        List<byte[]> first = await RecordAsync();
        List<byte[]> second = await RecordAsync();

        Assert.Equal(first, second);

        static async Task<List<byte[]>> RecordAsync()
        {
            using TestDevice device = new();
            SpdmSession session = await device.StartSessionAsync();
            await session.HeartbeatAsync();
            return [.. device.Transport.Requests, .. device.Transport.Responses];
        }
    }
}
