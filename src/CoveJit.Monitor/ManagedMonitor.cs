using System.Collections.Frozen;
using System.Numerics;
using CoveJit.Harts;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Extensions;
using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Monitor;

/// <summary>
/// The managed M-mode firmware: owns machine level on every hart and answers SBI calls. Guest values are hostile: each handler checks what it is
/// given, and nothing here throws for anything a guest can do.
/// </summary>
public sealed class ManagedMonitor : ITrapService
{
    // menvcfg at hand-over: everything S-mode may use, hardware A/D updates included (the device tree names Svadu alone).
    private const ulong EnvironmentAtBoot =
        Harts.Csrs.Envcfg.Stce | Harts.Csrs.Envcfg.Pbmte | Harts.Csrs.Envcfg.Adue | Harts.Csrs.Envcfg.Cbze | Harts.Csrs.Envcfg.Cbcfe | Harts.Csrs.Envcfg.Cbie;

    // Everything that can be delegated is: only ecall from S-mode arrives here. Those of guests go to the hypervisor: ecall from VS-mode,
    // guest-page faults, virtual instructions.
    private const ulong DelegatedExceptions = 0x4_B1FF; // with software checks, which come from below only where they are enabled
    private const ulong DelegatedGuestExceptions = 0xF0_0400;

    // Access faults come here first where memory protection tables make them, and go back to the domain that made them.
    private const ulong AccessFaults =
        (1UL << (int)TrapCause.InstructionAccessFault) | (1UL << (int)TrapCause.LoadAccessFault) | (1UL << (int)TrapCause.StoreAccessFault);

    private const uint LastLegacyExtension = 0x0F;

    private readonly FrozenDictionary<(uint Extension, uint Function), SbiFunction> _functions;
    private readonly FrozenSet<uint> _extensions;
    private readonly FrozenSet<uint> _hostExtensions;
    private readonly HartPmu[] _pmus;
    private readonly FirmwareFeaturesExtension _features;
    private IDomainService? _service;
    private FrozenSet<uint> _serviceExtensions = [];

    /// <summary>Makes the firmware of a machine.</summary>
    /// <param name="platform">The machine.</param>
    /// <param name="domains">Its supervisor domains, or null if everything is one, under no memory protection table.</param>
    public ManagedMonitor(IMonitorPlatform platform, RootDomainManager? domains = null)
    {
        Platform = platform;
        Domains = domains;
        HartStates = new HartStates(platform.Harts.Count);
        _pmus = [.. platform.Harts.Select(hart => new HartPmu(hart))];
        TimeExtension time = new(this);
        _features = new FirmwareFeaturesExtension(this);
        ISbiExtension[] extensions =
        [
            new BaseExtension(this), time, new IpiExtension(this), new RfenceExtension(this), new HsmExtension(this),
            new SystemResetExtension(this), new PmuExtension(this), new DebugConsoleExtension(this), new SystemSuspendExtension(this),
            _features, new SupervisorDomainExtension(this), new LegacyExtension(this, time),
        ];

        // By way of a dictionary that refuses two functions of one number; the frozen one would keep the last.
        _functions = extensions.SelectMany(e => e.Functions).ToDictionary(f => (f.Extension, f.Function)).ToFrozenDictionary();
        _extensions = extensions.SelectMany(e => e.Identifiers).ToFrozenSet();
        _hostExtensions = extensions.Where(e => e.IsHostOnly).SelectMany(e => e.Functions).Select(f => f.Extension).ToFrozenSet();
    }

    /// <summary>The machine.</summary>
    public IMonitorPlatform Platform { get; }

    /// <summary>The supervisor domains, or null.</summary>
    public RootDomainManager? Domains { get; }

    /// <summary>The functions declared by all extensions, for statistics and documentation.</summary>
    public IEnumerable<SbiFunction> Functions => _functions.Values.OrderBy(f => f.Extension).ThenBy(f => f.Function);

    /// <summary>Called before and after each call when tracing; null otherwise.</summary>
    public Action<SbiFunction, SbiCall, SbiResult?>? Trace { get; set; }

    internal HartStates HartStates { get; }

    /// <summary>Adds the extensions that another supervisor domain's security manager has for the host. Before the harts run.</summary>
    public void Attach(IDomainService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        _service = service;
        _serviceExtensions = service.Extensions.ToFrozenSet();
    }

    /// <summary>Takes over the harts after a reset: the boot hart enters S-mode at <paramref name="entry"/>, the others wait to be started (HSM).</summary>
    /// <param name="bootHart">The hart that boots.</param>
    /// <param name="entry">Address of the kernel.</param>
    /// <param name="deviceTree">Address of the device tree blob, passed in a1.</param>
    public void Boot(int bootHart, ulong entry, ulong deviceTree)
    {
        foreach (Hart hart in Platform.Harts)
        {
            Prepare(hart);
            if (hart.Id == bootHart)
            {
                HartStates.Set(hart, HartStatus.Started);
                hart.Halted = false;
                hart.Enter(PrivilegeMode.Supervisor, entry, (ulong)hart.Id, deviceTree);
            }
            else
            {
                HartStates.Set(hart, HartStatus.Stopped);
                hart.Halted = true;
            }
        }
    }

    /// <inheritdoc/>
    public TrapAction Handle(Hart hart, in Trap trap)
    {
        if (!trap.IsInterrupt && trap.Cause == (uint)TrapCause.EcallFromS)
        {
            Call(hart);
        }
        else if (trap.IsInterrupt)
        {
            // M-level wires are never enabled under managed firmware; drop the enable that let this through.
            hart.DisableInterrupt((int)trap.Cause);
        }
        else
        {
            hart.TakeInSupervisor(trap);
        }

        return TrapAction.Resume;
    }

    /// <summary>Whether the domain that a hart is in has an extension.</summary>
    internal bool HasExtension(Hart hart, uint extension) => (_extensions.Contains(extension) && IsFor(hart, extension)) || IsService(hart, extension);

    /// <summary>The performance counters of a hart.</summary>
    internal HartPmu Pmu(Hart hart) => _pmus[hart.Id];

    /// <summary>Counts firmware events of a message from one hart to a set of others; what a hart sends itself is none.</summary>
    internal void CountMessages(Hart sender, ulong receivers, FirmwareEvent sent, FirmwareEvent received)
    {
        for (ulong rest = receivers & ~(1UL << sender.Id); rest != 0; rest &= rest - 1)
        {
            Pmu(sender).Counts.Add(sent);
            _pmus[BitOperations.TrailingZeroCount(rest)].Counts.Add(received);
        }
    }

    /// <summary>Sets up machine level in the context of a domain that has not been entered, as it is set up for the host.</summary>
    public void Prepare(SupervisorContext context, Hart hart)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(hart);
        context.Medeleg = Delegated(hart);
        context.Mideleg = InterruptCode.SupervisorMask;
        context.Mcounteren = hart.Counters.Implemented;
        context.Menvcfg = EnvironmentAtBoot;
        hart.Mstateen.CopyTo(context.Mstateen, 0);
    }

    /// <summary>Brings a hart's M-mode state to what it is at boot: also when it is started again. On the hart's own thread.</summary>
    internal void Prepare(Hart hart)
    {
        hart.OpenPmp();
        Domains?.Adopt(hart);
        hart.Medeleg = Delegated(hart);
        hart.WriteMideleg(InterruptCode.SupervisorMask);
        hart.Mcounteren = hart.Counters.Implemented;
        hart.WriteMenvcfg(EnvironmentAtBoot);
        hart.EnableAllState();
        Pmu(hart).Reset();
        _features.Reset(hart);
    }

    /// <summary>An EID or FID out of its register: a 32-bit integer, extended by either rule; false if it is none.</summary>
    internal static bool TryNarrow(ulong register, out uint number)
    {
        number = (uint)register;
        return register == number || (long)register == (int)number;
    }

    private bool IsHost(Hart hart) => Domains is null || Domains.Current(hart) == Domains.Host;

    private bool IsFor(Hart hart, uint extension) => IsHost(hart) || !_hostExtensions.Contains(extension);

    private bool IsService(Hart hart, uint extension) => _serviceExtensions.Contains(extension) && IsHost(hart);

    private ulong Delegated(Hart hart) =>
        (DelegatedExceptions | (hart.Configuration.Extensions.Has(Extension.H) ? DelegatedGuestExceptions : 0)) & ~(Domains is null ? 0 : AccessFaults);

    private void Call(Hart hart)
    {
        SbiCall call = new(hart);
        bool valid = TryNarrow(hart.ReadRegister(17), out uint extension);
        if (valid && IsService(hart, extension))
        {
            hart.Pc += 4;
            if (_service!.Call(hart, extension, hart.ReadRegister(16)) is SbiResult answer)
            {
                hart.WriteRegister(10, (ulong)(long)answer.Error);
                hart.WriteRegister(11, answer.Value);
            }

            return;
        }

        uint number = 0;
        bool legacy = valid && extension <= LastLegacyExtension; // these have no FID
        valid &= legacy || TryNarrow(hart.ReadRegister(16), out number);
        hart.Pc += 4;
        if (!valid || !_functions.TryGetValue((extension, number), out SbiFunction? function) || !IsFor(hart, extension))
        {
            hart.WriteRegister(10, unchecked((ulong)(long)SbiError.NotSupported));
            if (!legacy)
            {
                hart.WriteRegister(11, 0);
            }

            return;
        }

        function.Count();
        SbiResult? result = function.Handler(call);
        Trace?.Invoke(function, call, result);
        if (result is SbiResult r)
        {
            hart.WriteRegister(10, function.IsLegacy && r.Error == SbiError.Success ? r.Value : (ulong)(long)r.Error);
            if (!function.IsLegacy)
            {
                hart.WriteRegister(11, r.Value);
            }
        }
    }
}
