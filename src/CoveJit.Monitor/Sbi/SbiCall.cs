using CoveJit.Harts;

namespace CoveJit.Monitor.Sbi;

/// <summary>One SBI call in progress: the calling hart and its argument registers.</summary>
/// <param name="hart">The calling hart; its pc is the ecall.</param>
public readonly struct SbiCall(Hart hart)
{
    /// <summary>The calling hart.</summary>
    public Hart Hart { get; } = hart;

    /// <summary>Argument register a<paramref name="index"/>, 0 to 5.</summary>
    public ulong this[int index] => Hart.ReadRegister(10 + index);
}
