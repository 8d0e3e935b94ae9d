namespace CoveJit.Devices.Virtio;

/// <summary>Takes what a guest prints on a console.</summary>
public interface IConsoleSink
{
    /// <summary>Takes bytes in order; called with the device's gate held, so it must not block for long.</summary>
    void Write(ReadOnlySpan<byte> bytes);
}
