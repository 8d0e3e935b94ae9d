namespace CoveJit.Devices.Pcie;

/// <summary>What guards a function that can be a TEE device interface (TDISP). Called with the function's gate held.</summary>
public interface IFunctionGuard
{
    /// <summary>Whether accesses from outside to the function's memory reach it; if not, they read as ones and change nothing.</summary>
    /// <param name="trusted">Whether they have the T bit.</param>
    bool AnswersMemory(bool trusted);

    /// <summary>Configuration space or the table of messages was written.</summary>
    void OnWritten();

    /// <summary>Software is about to read Device Status.</summary>
    void OnStatusRead();

    /// <summary>The function was reset.</summary>
    void OnReset();
}
