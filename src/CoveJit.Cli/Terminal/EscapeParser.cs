namespace CoveJit.Cli.Terminal;

/// <summary>
/// The escape keys of QEMU's <c>-nographic</c>: Ctrl-A, then x to quit, h to list the keys, or Ctrl-A again to send one to the
/// guest. A pure state machine: one byte in, one decision out.
/// </summary>
public struct EscapeParser
{
    /// <summary>What Ctrl-A h prints.</summary>
    public const string HelpText = "Ctrl-A x  quit\nCtrl-A h  this help\nCtrl-A Ctrl-A  send Ctrl-A to the guest\n";

    private const byte Prefix = 0x01;

    private bool _escaped;

    /// <summary>Takes one byte. With <see cref="EscapeAction.Send"/>, that same byte goes to the guest.</summary>
    public EscapeAction Next(byte key)
    {
        if (!_escaped)
        {
            _escaped = key == Prefix;
            return _escaped ? EscapeAction.None : EscapeAction.Send;
        }

        _escaped = false;
        return key switch
        {
            Prefix => EscapeAction.Send,
            (byte)'x' or (byte)'X' => EscapeAction.Quit,

            // QEMU's c switches to its monitor; there is none here, so its users are told what there is.
            (byte)'h' or (byte)'?' or (byte)'c' => EscapeAction.Help,
            _ => EscapeAction.None,
        };
    }
}
