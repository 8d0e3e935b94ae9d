namespace CoveJit.Fuzz.Generation;

/// <summary>splitmix64: our own, so that a seed means the same program on every .NET version.</summary>
public sealed class Rng(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>A value in 0..<paramref name="limit"/>-1.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>A value in both bounds.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public T OneOf<T>(params ReadOnlySpan<T> values) => values[Below(values.Length)];

    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(IReadOnlyList<T> values) => values[Below(values.Count)];
}
