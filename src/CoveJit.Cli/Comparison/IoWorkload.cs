using System.Buffers.Binary;
using System.Globalization;
using CoveJit.Cli.Comparison.Peer;
using CoveJit.Cli.Parsing;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Comparison;

/// <summary>A pattern of accesses in blocks of one size.</summary>
/// <param name="Pattern">read, write, randread or randwrite; of an accelerator <see cref="MatrixWorkload.Multiply"/>.</param>
/// <param name="Size">Bytes of a block, or of a matrix.</param>
internal sealed record IoPhase(string Pattern, long Size)
{
    /// <summary>Bytes that a request moves.</summary>
    public long RequestBytes => Pattern == MatrixWorkload.Multiply ? MatrixWorkload.BytesOfProduct(Size) : Size;

    /// <summary>Its name on the console of <c>/bench/io</c> and its like.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Pattern}_{Size}");
}

/// <summary>What the guest is told to do, and what has to be on its device, or in its peer's memory.</summary>
internal static class IoWorkload
{
    /// <summary>Bytes of the device that are read and written.</summary>
    public const long Span = 16 << 20;

    private const int SectorSize = 512;
    private const int MostDepth = 64;
    private static readonly string[] Patterns = ["read", "write", "randread", "randwrite"];

    /// <summary>The patterns that are measured if none are given.</summary>
    public const string DefaultPatterns = "read,write,randread";

    /// <summary>Reads lists of sizes and of patterns.</summary>
    /// <param name="sizes">The sizes.</param>
    /// <param name="patterns">The patterns; null for <see cref="DefaultPatterns"/>.</param>
    /// <exception cref="UsageException">One is not known.</exception>
    public static IReadOnlyList<IoPhase> Parse(string sizes, string? patterns)
    {
        string[] chosen = (patterns ?? DefaultPatterns).Split(',');
        if (chosen.FirstOrDefault(pattern => !Patterns.Contains(pattern)) is { } unknown)
        {
            throw new UsageException($"--pattern {patterns}: '{unknown}' is no pattern", $"give some of {string.Join(',', Patterns)}");
        }

        long[] bytes = [.. sizes.Split(',').Select(ParseSize)];
        return [.. Patterns.Where(chosen.Contains).SelectMany(_ => bytes, (pattern, size) => new IoPhase(pattern, size))];
    }

    /// <summary>Checks a number of requests under way.</summary>
    /// <exception cref="UsageException">It is out of range.</exception>
    public static int CheckDepth(int depth) => depth is >= 1 and <= MostDepth
        ? depth
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--depth {depth} is out of range"), $"give 1 to {MostDepth}");

    /// <summary>Has the guest wait for a block device.</summary>
    /// <param name="device">The device in the guest.</param>
    /// <param name="encrypts">Whether the guest maps it through dm-crypt.</param>
    public static string BlockTarget(string device, bool encrypts) =>
        WaitFor("b", device) + $"D={device}; " + (encrypts ? "modprobe dm_crypt; modprobe xts; D=`/bench/crypt $D secret` || exit 1; " : string.Empty);

    /// <summary>Has the guest set up its network card.</summary>
    /// <param name="encrypts">Whether the guest's kernel encrypts what goes to the peer, by TLS.</param>
    public static string PeerTarget(bool encrypts) =>
        WaitFor("e", "/sys/class/net/eth0") + $"ip addr add {TcpPeer.GuestAddress} dev eth0; ip link set eth0 up; "
        + (encrypts ? "modprobe tls; modprobe gcm; modprobe ghash_generic; " : string.Empty)
        + string.Create(CultureInfo.InvariantCulture, $"D={(encrypts ? "tls" : "tcp")}:{TcpPeer.Address}:{TcpPeer.Port}; ");

    /// <summary>What answers the guest on a connection of <see cref="PeerTarget"/>.</summary>
    /// <param name="content">The peer's memory.</param>
    /// <param name="encrypts">Whether it is to be talked to by TLS alone.</param>
    /// <param name="seed">What the key is made of, as in <c>guest/io/peer.h</c>.</param>
    public static IByteService PeerService(byte[] content, bool encrypts, ulong seed)
    {
        PeerMemory memory = new(content);
        if (!encrypts)
        {
            return memory;
        }

        Span<byte> key = stackalloc byte[TlsRecords.KeySize];
        for (int at = 0; at < key.Length; at += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(key[at..], WordAt(~seed, at));
        }

        return new TlsRecords(memory, key);
    }

    /// <summary>The commands for <c>covejit.run</c>.</summary>
    /// <param name="phases">What is measured.</param>
    /// <param name="target">What <see cref="BlockTarget"/> or <see cref="PeerTarget"/> say.</param>
    /// <param name="seed">What the words on the device are functions of.</param>
    /// <param name="depth">Requests under way.</param>
    /// <param name="seconds">Seconds of each phase, by the guest's clock.</param>
    public static string CommandsFor(IReadOnlyList<IoPhase> phases, string target, ulong seed, int depth, double seconds)
    {
        // Kernels have room for 1024 characters.
        string patterns = string.Join(' ', phases.Select(phase => phase.Pattern).Distinct());
        string sizes = string.Join(' ', phases.Select(phase => phase.Size.ToString(CultureInfo.InvariantCulture)).Distinct());
        return $"[ -x /bench/io ] || {{ echo {Missing}; exit 0; }}; {target}"
            + string.Create(CultureInfo.InvariantCulture, $"T=$D' {Span} {seed}'; ")
            + "/bench/io fill $T || exit 1; "
            + string.Create(CultureInfo.InvariantCulture, $"for p in {patterns}; do for s in {sizes}; do /bench/io $p $T $s {depth} {seconds} || exit 1; done; done; ")
            + "/bench/io check $T";
    }

    /// <summary>Says that the guest is too old.</summary>
    public const string Missing = "covejit: no /bench/io";

    /// <summary>What <c>/bench/io check</c> prints when the device has what it is to have.</summary>
    public static string Digest(ulong seed)
    {
        Fnv digest = new();
        for (long at = 0; at < Span; at += sizeof(ulong))
        {
            digest.Add(WordAt(seed, at));
        }

        return digest.ToString();
    }

    /// <summary>How many sectors of an image have, from their first to their last word, what the guest has written.</summary>
    public static int SectorsInTheClear(ReadOnlySpan<byte> image, ulong seed)
    {
        int equal = 0;
        for (int sector = 0; sector < Span; sector += SectorSize)
        {
            bool same = true;
            for (int at = sector; at < sector + SectorSize && same; at += sizeof(ulong))
            {
                same = BinaryPrimitives.ReadUInt64LittleEndian(image[at..]) == WordAt(seed, at);
            }

            equal += same ? 1 : 0;
        }

        return equal;
    }

    /// <summary>Sectors that are read and written.</summary>
    public static int Sectors => (int)(Span / SectorSize);

    /// <summary>SplitMix64 of the place, as in <c>guest/io/measure.h</c>.</summary>
    public static ulong WordAt(ulong seed, long offset)
    {
        ulong x = seed + ((ulong)offset / sizeof(ulong) * 0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        return x ^ (x >> 31);
    }

    private static string WaitFor(string test, string path) => $"n=0; while [ ! -{test} {path} ] && [ $n -lt 200 ]; do usleep 50000; n=$((n+1)); done; ";

    private static long ParseSize(string text) =>
        ByteSize.TryParse(text, 1, out ulong size) && size is >= SectorSize and <= Span / 2 && size % SectorSize == 0
            ? (long)size
            : throw new UsageException($"--sizes: '{text}' is no size of a block", "give multiples of 512 bytes up to 8m, for example 4k,64k,1m");
}
