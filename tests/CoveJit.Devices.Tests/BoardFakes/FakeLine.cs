using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.BoardFakes;

/// <summary>A wire that remembers its level and how often it rose.</summary>
internal sealed class FakeLine : IInterruptLine
{
    public bool Level { get; private set; }

    public int Rises { get; private set; }

    public void Set(bool level)
    {
        if (level && !Level)
        {
            Rises++;
        }

        Level = level;
    }
}
