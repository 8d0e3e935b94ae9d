using System.Diagnostics.CodeAnalysis;
using CoveJit.Harts;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm;

/// <summary>One call in progress: who called, with what, and what the checks of the arguments have found. One for each hart, used again.</summary>
/// <param name="tsm">The TSM.</param>
/// <param name="hart">The calling hart.</param>
public sealed class CoveCall(SecurityManager tsm, Hart hart)
{
    /// <summary>The TSM.</summary>
    public SecurityManager Tsm { get; } = tsm;

    /// <summary>The calling hart.</summary>
    public Hart Hart { get; } = hart;

    /// <summary>Argument register a<paramref name="index"/>, 0 to 5.</summary>
    public ulong this[int index] => Hart.ReadRegister(10 + index);

    /// <summary>The TVM that the arguments name; of a TVM's call the caller.</summary>
    [AllowNull]
    internal Tvm Tvm
    {
        get => field!;
        set;
    }

    /// <summary>The vCPU that the arguments name; of a TVM's call the caller.</summary>
    [AllowNull]
    internal Vcpu Vcpu
    {
        get => field!;
        set;
    }

    /// <summary>The device that the arguments name.</summary>
    [AllowNull]
    internal TeeDevice Device
    {
        get => field!;
        set;
    }

    /// <summary>Of a TVM's call that has succeeded: whether it goes on to the host.</summary>
    internal bool ExitsToHost { get; set; }

    internal bool FindTvm(ulong id)
    {
        bool found = id <= uint.MaxValue && Tsm.Tvms.TryGetValue((uint)id, out Tvm? tvm);
        Tvm = found ? Tsm.Tvms[(uint)id] : null;
        return found;
    }

    internal bool FindDevice(ulong id)
    {
        Device = Tsm.Devices!.Find(id);
        return Device is not null;
    }

    internal bool FindInterface(ulong id)
    {
        Device = Tsm.Devices!.FindBound(id, Tvm);
        return Device is not null;
    }

    internal bool FindVcpu(ulong id)
    {
        Vcpu = id <= uint.MaxValue && Tvm.Vcpus.TryGetValue((uint)id, out Vcpu? vcpu) ? vcpu : null;
        return Vcpu is not null;
    }
}
