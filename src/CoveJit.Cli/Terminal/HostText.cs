using System.Globalization;
using System.Text;

namespace CoveJit.Cli.Terminal;

/// <summary>
/// Text on a standard descriptor, unbuffered, for any thread. System.Console's own writers would switch a terminal to its
/// application keypad and leave it so.
/// </summary>
internal sealed class HostText : TextWriter
{
    private readonly int _descriptor;

    private HostText(int descriptor)
        : base(CultureInfo.InvariantCulture) => _descriptor = descriptor;

    /// <summary>Standard output, for what was asked for.</summary>
    public static TextWriter Output { get; } = new HostText(HostFile.StandardOutput);

    /// <summary>Standard error, for errors and traces.</summary>
    public static TextWriter Error { get; } = new HostText(HostFile.StandardError);

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    /// <remarks>Once the reader is gone, text is dropped.</remarks>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(buffer)];
        Encoding.UTF8.GetBytes(buffer, bytes);
        _ = HostFile.WriteAll(_descriptor, bytes);
    }

    /// <inheritdoc/>
    /// <remarks>One write, so that lines of several threads do not mix.</remarks>
    public override void WriteLine(string? value) => Write(value + NewLine);
}
