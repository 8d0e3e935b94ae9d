namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>
/// A transport for callers that cannot wait: a request is left in <see cref="Pending"/>, and what the requester was doing goes on, on the
/// caller's thread, within <see cref="Complete"/>. A security manager that answers "pending" to its host and is called again with the
/// device's response drives a requester this way; nothing runs on other threads.
/// </summary>
public sealed class SteppedTransport : ISpdmTransport
{
    private TaskCompletionSource<SpdmPacket>? _waiting;

    /// <summary>The request that waits for its response, or null.</summary>
    public SpdmPacket? Pending { get; private set; }

    /// <inheritdoc/>
    public async ValueTask<SpdmPacket> ExchangeAsync(SpdmPacket request, CancellationToken cancellation)
    {
        if (_waiting is not null)
        {
            throw new InvalidOperationException("a request is pending already");
        }

        // Continuations run within SetResult: this is what brings the requester forward on the caller's thread.
        _waiting = new TaskCompletionSource<SpdmPacket>();
        Pending = request;
        return await _waiting.Task.ConfigureAwait(false);
    }

    /// <summary>The caller decides when the next request goes out, so there is nothing to wait for.</summary>
    public ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Gives the response to the pending request, and lets the requester go on until it has another request or is done.</summary>
    /// <param name="response">The response.</param>
    public void Complete(SpdmPacket response) => Resume(waiting => waiting.SetResult(response));

    /// <summary>Ends the pending request without a response.</summary>
    /// <param name="reason">Why.</param>
    public void Fail(string reason) => Resume(waiting => waiting.SetException(new SpdmException(SpdmFailure.Transport, reason)));

    private void Resume(Action<TaskCompletionSource<SpdmPacket>> action)
    {
        TaskCompletionSource<SpdmPacket> waiting = _waiting ?? throw new InvalidOperationException("no request is pending");
        _waiting = null;
        Pending = null;

        // A synchronization context or a task scheduler of the caller's would send the continuation to another thread.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Task here = new(() => action(waiting));
            here.RunSynchronously(TaskScheduler.Default);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
