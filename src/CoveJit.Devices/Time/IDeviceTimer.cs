namespace CoveJit.Devices.Time;

/// <summary>A one-shot timer of a device, on the machine's real-time clock. Thread-safe.</summary>
public interface IDeviceTimer
{
    /// <summary>Sets the deadline, replacing an earlier one. The callback runs once the clock shows it, never inside this call.</summary>
    /// <param name="deadline">A value of <see cref="Memory.Bus.IClock.RealTime"/>: nanoseconds since the Unix epoch.</param>
    void Arm(ulong deadline);

    /// <summary>Removes the deadline. A callback already under way may still arrive.</summary>
    void Disarm();
}
