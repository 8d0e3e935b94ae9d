namespace CoveJit.TeeIo.Wire;

/// <summary>
/// What a message's layout depends on besides its own bytes: the sizes that NEGOTIATE_ALGORITHMS settled, and what the request asked for.
/// </summary>
public readonly record struct MessageContext
{
    /// <summary>H: size of a digest of the base hash algorithm, in bytes.</summary>
    public int HashSize { get; init; }

    /// <summary>S: size of a signature of the base asymmetric algorithm, in bytes.</summary>
    public int SignatureSize { get; init; }

    /// <summary>D: size of the exchange data of the DHE group, in bytes.</summary>
    public int ExchangeSize { get; init; }

    /// <summary>MEASUREMENTS: the request asked for a signature.</summary>
    public bool SignatureRequested { get; init; }

    /// <summary>CHALLENGE_AUTH and KEY_EXCHANGE_RSP: the request asked for a measurement summary hash.</summary>
    public bool SummaryRequested { get; init; }
}
