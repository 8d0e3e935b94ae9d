using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.TeeIo.Spdm.Responder;

namespace CoveJit.Cli.Attacks;

/// <summary>
/// What no program can be: whoever has the victim's link in hand, and a device of the host's that lies about who it is. It does what the program says on its
/// console: <c>flip-data</c>, <c>flip-address</c>, <c>replay</c> or <c>other-stream</c> to the writes on the link, under IDE or, where there is no stream, in the
/// clear; <c>spoof</c> and <c>spoof-trusted</c> to the other device's requests; nothing after <c>rest</c>. It also owns the victim's device, which says
/// after <c>lie</c> what <see cref="ResponderLie"/> has.
/// </summary>
internal sealed class LinkAdversary : IIdeInterposer
{
    private const int HeaderStream = 1;
    private const int HeaderAddress = 16;

    private const string Lie = "lie ";

    private readonly RequesterId _victim;
    private readonly DeviceSecurityManager _device;
    private volatile string _does = "rest";
    private IdeTlp? _seen;
    private byte[]? _seenInClear;

    private LinkAdversary(RequesterId victim, DeviceSecurityManager device) => (_victim, _device) = (victim, device);

    /// <summary>Puts one between two devices, the victim's and the host's, and their root ports, before the machine runs.</summary>
    public static LinkAdversary Attach(RootPort victim, RootPort host)
    {
        LinkAdversary adversary = new(new RequesterId(1, 0, 0), (DeviceSecurityManager)victim.Slot[0].Guard!); // the port's bus, as the program numbers them
        victim.Link!.Interposer = adversary;
        victim.Ingress = new OpenLink(adversary, victim.Link, victim.Ingress);
        host.Ingress = new LyingDevice(adversary, host.Ingress);
        return adversary;
    }

    /// <summary>Does something from now on.</summary>
    public void Do(string what)
    {
        (_seen, _seenInClear) = (null, null);
        _does = what;
        _device.Lie = what.StartsWith(Lie, StringComparison.Ordinal) ? ResponderLie.Parse(what[Lie.Length..]) : null;
    }

    /// <inheritdoc/>
    public IdeTlp? Pass(IdeTlp tlp)
    {
        if (tlp.ToDevice || tlp.Data.Length == 0)
        {
            return tlp;
        }

        switch (_does)
        {
            case "flip-data":
                tlp.Data[0] ^= 1;
                break;
            case "flip-address":
                tlp.Header[HeaderAddress] ^= 8;
                break;
            case "other-stream":
                tlp.Header[HeaderStream] ^= 2;
                break;
            case "replay" when _seen is { } earlier:
                return earlier;
            case "replay":
                _seen = tlp.Copy();
                break;
        }

        return tlp;
    }

    // The same link while the device has no stream: what an interposer sees is the request.
    private sealed class OpenLink(LinkAdversary adversary, IdeLink link, IPcieUpstream next) : IPcieUpstream
    {
        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) => next.TryRead(request, address, destination);

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source)
        {
            if (link.IsSecure || source.IsEmpty)
            {
                return next.TryWrite(request, address, source);
            }

            byte[] data = source.ToArray();
            switch (adversary._does)
            {
                case "flip-data":
                    data[0] ^= 1;
                    break;
                case "flip-address":
                    address ^= 8;
                    break;
                case "replay" when adversary._seenInClear is { } earlier && earlier.Length == data.Length:
                    data = earlier;
                    break;
                case "replay":
                    adversary._seenInClear = data;
                    break;
            }

            return next.TryWrite(request, address, data);
        }
    }

    // A device that names another's number, and sets the T bit.
    private sealed class LyingDevice(LinkAdversary adversary, IPcieUpstream next) : IPcieUpstream
    {
        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) => next.TryRead(Restamp(request), address, destination);

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) => next.TryWrite(Restamp(request), address, source);

        private PcieRequest Restamp(in PcieRequest request) => adversary._does switch
        {
            "spoof" => new PcieRequest(adversary._victim),
            "spoof-trusted" => new PcieRequest(adversary._victim, Trusted: true),
            _ => request,
        };
    }
}
