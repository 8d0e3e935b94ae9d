using CoveJit.TeeIo.Spdm;

namespace CoveJit.TeeIo.Tests.Interoperability;

/// <summary>All exchanges in plain text.</summary>
internal sealed class ExchangeLog : IExchangeObserver
{
    public List<(uint? Session, byte[] Request, byte[] Response)> Exchanges { get; } = [];

    public void OnExchange(uint? session, ReadOnlySpan<byte> request, ReadOnlySpan<byte> response) =>
        Exchanges.Add((session, request.ToArray(), response.ToArray()));

    /// <summary>How often a request was answered with its own response.</summary>
    public int Count(SpdmCode request, bool? inSession = null) => Exchanges.Count(e =>
        e.Request[1] == (byte)request && e.Response[1] == ((byte)request & 0x7F) && (inSession is null || inSession == e.Session is not null));

    public IEnumerable<(byte[] Request, byte[] Response)> Errors =>
        Exchanges.Where(static e => e.Response[1] == (byte)SpdmCode.Error).Select(static e => (e.Request, e.Response));
}
