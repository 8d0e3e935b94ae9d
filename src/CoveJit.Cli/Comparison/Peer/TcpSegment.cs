namespace CoveJit.Cli.Comparison.Peer;

/// <summary>Control bits of a TCP header (RFC 9293, "Header Format").</summary>
[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
}

/// <summary>What a TCP segment says, its data apart.</summary>
/// <param name="Flags">Control bits.</param>
/// <param name="Sequence">Number of the first byte.</param>
/// <param name="Acknowledgment">Number of the byte that is expected next.</param>
/// <param name="Window">How many may be under way.</param>
internal readonly record struct TcpSegment(TcpFlags Flags, uint Sequence, uint Acknowledgment, ushort Window);

/// <summary>Sends a segment with its data.</summary>
internal delegate void TcpSender(TcpSegment segment, ReadOnlySpan<byte> data);
