namespace CoveJit.Memory.Protection;

/// <summary>
/// A number for each supervisor domain of a machine that grows when permissions are taken from it: what was derived from its memory protection table
/// under an earlier number is stale. Whoever caches such things compares when it enters the domain; who is in it must be told. Thread-safe.
/// </summary>
public sealed class DomainEpochs
{
    private readonly ulong[] _epochs = new ulong[MptRoot.Domains];

    /// <summary>The epoch of a domain.</summary>
    public ulong Current(uint sdid) => Volatile.Read(ref _epochs[sdid]);

    /// <summary>Begins a new epoch of a domain, after its table was changed; a full fence.</summary>
    public void Advance(uint sdid) => Interlocked.Increment(ref _epochs[sdid]);
}
