namespace CoveJit.TeeIo.Wire;

/// <summary>A message as its protocol's table lists it.</summary>
/// <param name="Name">The specification's name.</param>
/// <param name="Code">The number that tells it from the protocol's other messages.</param>
/// <param name="Create">Makes an empty one.</param>
public sealed record MessageDeclaration(string Name, byte Code, Func<WireMessage> Create)
{
    /// <summary>The fields in order, each with its size in bytes (H, S, D: digest, signature, exchange data).</summary>
    public IReadOnlyList<string> Fields => Describe().Fields;

    /// <summary>What a reader insists on besides sizes.</summary>
    public IReadOnlyList<string> Rules => Describe().Rules;

    private MessageDescriber Describe()
    {
        MessageDescriber describer = new();
        Create().Visit(describer);
        return describer;
    }
}
