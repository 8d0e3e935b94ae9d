using System.Security.Cryptography;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Tdisp.Messages;

namespace CoveJit.TeeIo.Tdisp;

/// <summary>
/// A TEE device interface's state machine. CONFIG_UNLOCKED is locked to CONFIG_LOCKED and started to RUN by the session that locked it;
/// what the device reports by <see cref="Fail"/> leads from either to ERROR; STOP_INTERFACE leads back from everywhere. Not thread-safe.
/// </summary>
/// <param name="functionId">Gives FUNCTION_ID of the interface: a function learns its bus number late.</param>
/// <param name="function">What the device does.</param>
/// <param name="random">Where nonces come from.</param>
public sealed class TdispInterface(Func<uint> functionId, ITdispFunction function, IRandomSource? random = null)
{
    private readonly IRandomSource _random = random ?? SystemRandomSource.Instance;
    private uint? _owner;
    private byte[] _nonce = [];

    /// <summary>Makes an interface that keeps its FUNCTION_ID.</summary>
    /// <param name="functionId">FUNCTION_ID of the interface.</param>
    /// <param name="function">What the device does.</param>
    /// <param name="random">Where nonces come from.</param>
    public TdispInterface(uint functionId, ITdispFunction function, IRandomSource? random = null)
        : this(() => functionId, function, random)
    {
    }

    /// <summary>FUNCTION_ID.</summary>
    public uint FunctionId => functionId();

    /// <summary>The state.</summary>
    public TdispState State { get; private set; }

    /// <summary>The report of the locked interface; empty while unlocked.</summary>
    public byte[] Report { get; private set; } = [];

    /// <summary>
    /// Something happened that a locked interface must not survive: a register that is locked was written, the function was reset, the IDE
    /// stream turned insecure. Without effect while unlocked.
    /// </summary>
    public void Fail()
    {
        if (State is TdispState.ConfigLocked or TdispState.Run)
        {
            ForgetNonce();
            State = TdispState.Error;
            function.EnterError();
        }
    }

    /// <summary>A session is over: an interface that it locked goes to ERROR.</summary>
    /// <param name="session">The session.</param>
    public void OnSessionEnded(uint session)
    {
        if (_owner == session)
        {
            Fail();
            _owner = null;
        }
    }

    internal TdispErrorCode Lock(uint session, TdispLockInterface request, out byte[] nonce)
    {
        nonce = [];
        if (State != TdispState.ConfigUnlocked)
        {
            return TdispErrorCode.InvalidInterfaceState;
        }

        TdispErrorCode error = function.Lock(session, request, out TdispReport report);
        if (error != TdispErrorCode.None)
        {
            return error;
        }

        _nonce = new byte[TdispLockInterfaceResponse.NonceSize];
        _random.Fill(_nonce);
        _owner = session;
        Report = report.Encode();
        State = TdispState.ConfigLocked;
        nonce = [.. _nonce];
        return TdispErrorCode.None;
    }

    internal TdispErrorCode Start(uint session, byte[] nonce)
    {
        if (State != TdispState.ConfigLocked || _owner != session)
        {
            return TdispErrorCode.InvalidInterfaceState;
        }

        if (!CryptographicOperations.FixedTimeEquals(_nonce, nonce))
        {
            return TdispErrorCode.InvalidNonce;
        }

        // A nonce starts an interface once.
        ForgetNonce();
        State = TdispState.Run;
        function.Start();
        return TdispErrorCode.None;
    }

    internal TdispErrorCode Stop(uint session)
    {
        // ERROR may have outlived the session that locked the interface.
        if (_owner is { } owner && owner != session)
        {
            return TdispErrorCode.InvalidInterfaceState;
        }

        if (State != TdispState.ConfigUnlocked)
        {
            function.Stop();
        }

        ForgetNonce();
        Report = [];
        _owner = null;
        State = TdispState.ConfigUnlocked;
        return TdispErrorCode.None;
    }

    private void ForgetNonce()
    {
        CryptographicOperations.ZeroMemory(_nonce);
        _nonce = [];
    }
}
