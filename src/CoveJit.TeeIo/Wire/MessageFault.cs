namespace CoveJit.TeeIo.Wire;

/// <summary>Why bytes are not the message that they claim to be.</summary>
/// <param name="Field">The field at which reading stopped.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record MessageFault(string Field, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Reason}";
}
