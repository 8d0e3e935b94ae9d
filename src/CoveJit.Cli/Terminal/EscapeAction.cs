namespace CoveJit.Cli.Terminal;

/// <summary>What one key typed at the terminal means.</summary>
public enum EscapeAction
{
    /// <summary>Nothing yet: the key began an escape, or the escape means nothing.</summary>
    None,

    /// <summary>The byte goes to the guest.</summary>
    Send,

    /// <summary>Ctrl-A x: leave the emulator.</summary>
    Quit,

    /// <summary>Ctrl-A h: show the keys.</summary>
    Help,
}
