using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tdisp.Messages;

namespace CoveJit.TeeIo.Tests.Support;

/// <summary>A device's function that notes what it is told.</summary>
internal sealed class TestFunction : ITdispFunction
{
    public List<string> Log { get; } = [];

    public TdispErrorCode LockResult { get; set; }

    public TdispReport Report { get; set; } = new()
    {
        InterfaceInfo = TdispInterfaceInfo.DmaWithoutPasid,
        MmioRanges = [new TdispMmioRange(0x40000, 4, TdispMmioAttributes.None, 0), new TdispMmioRange(0x40010, 1, TdispMmioAttributes.MsixTable, 2)],
        DeviceSpecificInfo = [1, 2, 3],
    };

    public TdispErrorCode Lock(uint session, TdispLockInterface request, out TdispReport report)
    {
        report = Report;
        Log.Add($"lock {request.DefaultStreamId}");
        return LockResult;
    }

    public void Start() => Log.Add("start");

    public void Stop() => Log.Add("stop");

    public void EnterError() => Log.Add("error");
}
