namespace CoveJit.Machines.Options;

/// <summary>What the guest's network card is connected to.</summary>
public enum NetworkKind
{
    /// <summary>No network card.</summary>
    None,

    /// <summary>A private network behind user-mode NAT.</summary>
    User,

    /// <summary>A tap interface of the host.</summary>
    Tap,

    /// <summary>What whoever makes the machine has made: <see cref="NetworkOptions.Backend"/>.</summary>
    Given,
}
