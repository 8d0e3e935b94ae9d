namespace CoveJit.Devices.Time;

/// <summary>Makes the timers devices need: on host time (<see cref="HostDeviceTimers"/>) or on virtual time (<see cref="VirtualDeviceTimers"/>).</summary>
public interface IDeviceTimers
{
    /// <summary>Makes a disarmed timer.</summary>
    /// <param name="expired">Called, without any lock held, when a deadline has passed. It must not throw.</param>
    IDeviceTimer Create(Action expired);
}
