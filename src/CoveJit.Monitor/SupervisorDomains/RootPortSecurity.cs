using CoveJit.Devices.Pcie;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Monitor.Sbi;
using CoveJit.TeeIo.Ide;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>
/// What the root domain security manager does with root ports' IDE for a TEE security manager: the functions of COVT (CoVE-IO, "CoVE IO TSM Extension"),
/// as methods, since both are managed. No domain can call them by ecall. A root port is named by its requester id. Thread-safe.
/// </summary>
/// <param name="ports">The root ports; those without IDE are unknown here.</param>
public sealed class RootPortSecurity(IReadOnlyList<RootPort> ports)
{
    /// <summary>FID 1024, program_rp_ide_key.</summary>
    /// <returns>INVALID_PARAM without such a port, INVALID_STATE if the key is in use.</returns>
    public SbiError ProgramKey(RequesterId port, IdeKeyId id, IdeKey key) => Do(port, ide => ide.Keys.TryProgram(id, key));

    /// <summary>FID 1025, clear_rp_ide_key: forgets a stream's keys.</summary>
    /// <returns>INVALID_PARAM without such a port, INVALID_STATE if a key is in use.</returns>
    public SbiError ClearKeys(RequesterId port, byte streamId) => Do(port, ide =>
    {
        bool unused = !ide.Keys.HasEnabled(streamId);
        if (unused)
        {
            ide.Keys.Clear(streamId);
        }

        return unused;
    });

    /// <summary>FID 1026, set_go_rp_ide_key.</summary>
    /// <returns>INVALID_PARAM without such a port, INVALID_STATE unless the key is programmed and not in use.</returns>
    public SbiError SetGo(RequesterId port, IdeKeyId id) => Do(port, ide => ide.Keys.TryGo(id));

    /// <summary>FID 1027, set_stop_rp_ide_key.</summary>
    /// <returns>INVALID_PARAM without such a port, INVALID_STATE unless the key is in use.</returns>
    public SbiError SetStop(RequesterId port, IdeKeyId id) => Do(port, ide => ide.Keys.TryStop(id));

    /// <summary>FID 1028, rp_ide_key_status.</summary>
    /// <returns>Null without such a port.</returns>
    public IdeKeyState? KeyStatus(RequesterId port, IdeKeyId id)
    {
        if (Find(port) is not { } ide)
        {
            return null;
        }

        lock (ide.Gate)
        {
            return ide.Keys.StateOf(id);
        }
    }

    /// <summary>FID 1029, program_rp_ide_stream: writes the port's extended capability of IDE, with the stream disabled.</summary>
    /// <returns>INVALID_PARAM without such a port.</returns>
    public SbiError ProgramStream(RequesterId port, IdeStreamDescriptor descriptor) => Write(port, ide => ide.Program(descriptor));

    /// <summary>Enables or disables the port's stream. COVT has no function for it, though the flows of connection and disconnection need one.</summary>
    /// <returns>INVALID_PARAM without such a port.</returns>
    public SbiError EnableStream(RequesterId port, bool on) => Write(port, ide => ide.Enable(on));

    private IdePort? Find(RequesterId id) => ports.FirstOrDefault(port => port.RequesterId == id)?.Ide;

    private SbiError Write(RequesterId port, Action<IdePort> write)
    {
        if (Find(port) is not { } ide)
        {
            return SbiError.InvalidParam;
        }

        write(ide);
        return SbiError.Success;
    }

    private SbiError Do(RequesterId port, Func<IdePort, bool> change)
    {
        if (Find(port) is not { } ide)
        {
            return SbiError.InvalidParam;
        }

        lock (ide.Gate)
        {
            return change(ide) ? SbiError.Success : SbiError.InvalidState;
        }
    }
}
