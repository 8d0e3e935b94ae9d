using CoveJit.TeeIo.Tdisp.Messages;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>What a device does for one of its interfaces when TDISP says so.</summary>
public interface ITdispFunction
{
    /// <summary>
    /// Fixes the configuration. The device checks that it is fit: the stream is a secure one, keyed by the same session, and no BAR
    /// overlaps another.
    /// </summary>
    /// <param name="session">The session that asks.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="report">What the interface now is.</param>
    /// <returns>TdispErrorCode.None, or why it cannot be locked.</returns>
    TdispErrorCode Lock(uint session, TdispLockInterface request, out TdispReport report);

    /// <summary>Takes and sends TLPs of the TEE from now on.</summary>
    void Start();

    /// <summary>
    /// Takes and sends no TLPs of the TEE from now on, waits for what is under way, and wipes what the TEE left. Called when the interface
    /// goes to CONFIG_UNLOCKED.
    /// </summary>
    void Stop();

    /// <summary>Trust is lost: takes and sends no TLPs of the TEE from now on, and keeps what the TEE left from everybody.</summary>
    void EnterError();
}
