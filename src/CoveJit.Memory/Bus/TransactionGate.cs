namespace CoveJit.Memory.Bus;

/// <summary>
/// What bus masters' transactions go through whose translation or permission another thread may take away: many at once, and whoever has changed
/// something waits until those that may not have seen it are over. Thread-safe; a transaction begins no other one.
/// </summary>
public sealed class TransactionGate : IDisposable
{
    private readonly ReaderWriterLockSlim _underWay = new(LockRecursionPolicy.NoRecursion);

    /// <summary>Begins a transaction, which is over when what is returned is disposed of. A full fence.</summary>
    public Transaction Begin()
    {
        _underWay.EnterReadLock();
        return new Transaction(_underWay);
    }

    /// <summary>Returns when all transactions are over that had begun.</summary>
    public void Drain()
    {
        _underWay.EnterWriteLock();
        _underWay.ExitWriteLock();
    }

    /// <summary>Releases the lock; no bus master is left.</summary>
    public void Dispose() => _underWay.Dispose();

    /// <summary>A transaction under way.</summary>
    public readonly ref struct Transaction
    {
        private readonly ReaderWriterLockSlim _underWay;

        internal Transaction(ReaderWriterLockSlim underWay) => _underWay = underWay;

        /// <summary>Ends it.</summary>
        public void Dispose() => _underWay.ExitReadLock();
    }
}
