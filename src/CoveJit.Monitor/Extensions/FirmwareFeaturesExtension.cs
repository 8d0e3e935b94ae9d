using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>
/// Firmware Features Extension, EID "FWFT" (SBI 3.0, chapter "SBI Firmware Features Extension"). All features this platform has are local.
/// PTE_AD_HW_UPDATING starts as 1, not 0: the device tree names Svadu without Svade, which promises just that.
/// </summary>
internal sealed class FirmwareFeaturesExtension : ISbiExtension
{
    private const uint Eid = 0x46574654;
    private const ulong FlagLock = 1;
    private const ulong MisalignedExceptions = (1UL << (int)TrapCause.LoadMisaligned) | (1UL << (int)TrapCause.StoreMisaligned);

    private readonly uint[] _locked; // by hart: bit n is feature n; touched by the hart's own thread

    public FirmwareFeaturesExtension(ManagedMonitor monitor) => _locked = new uint[monitor.Platform.Harts.Count];

    private enum Feature : uint
    {
        MisalignedExceptionDelegation = 0,
        LandingPad = 1,
        ShadowStack = 2,
        DoubleTrap = 3,
        PteAdHardwareUpdating = 4,
        PointerMaskingLength = 5,
    }

    public IEnumerable<uint> Identifiers => [Eid];

    public bool IsHostOnly => true;

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "fwft_set", ["feature", "value", "flags"], Set),
        new(Eid, 1, "fwft_get", ["feature"], call => Check(call.Hart, (Feature)(uint)call[0]) is SbiError error and not SbiError.Success ? error : SbiResult.Of(Get(call.Hart, (Feature)(uint)call[0]))),
    ];

    /// <summary>Unlocks a hart's features: part of its reset. Their values are the CSRs, which whoever resets the hart sets.</summary>
    public void Reset(Hart hart) => _locked[hart.Id] = 0;

    private static SbiError Check(Hart hart, Feature feature) => feature switch
    {
        Feature.MisalignedExceptionDelegation or Feature.PteAdHardwareUpdating => SbiError.Success,
        Feature.LandingPad when hart.Configuration.Extensions.Has(Extension.Zicfilp) => SbiError.Success,
        Feature.ShadowStack when hart.Configuration.Extensions.Has(Extension.Zicfiss) => SbiError.Success,
        Feature.LandingPad or Feature.ShadowStack or Feature.DoubleTrap or Feature.PointerMaskingLength => SbiError.NotSupported,
        _ => SbiError.Denied, // reserved, or of another platform
    };

    // The field of menvcfg that a feature is, or 0.
    private static ulong FieldOf(Feature feature) => feature switch
    {
        Feature.PteAdHardwareUpdating => Envcfg.Adue,
        Feature.LandingPad => Envcfg.Lpe,
        Feature.ShadowStack => Envcfg.Sse,
        _ => 0,
    };

    private static ulong Get(Hart hart, Feature feature) => FieldOf(feature) is ulong field and not 0
        ? (hart.Menvcfg & field) != 0 ? 1UL : 0
        : (hart.Medeleg & MisalignedExceptions) != 0 ? 1UL : 0;

    private SbiResult? Set(SbiCall call)
    {
        Hart hart = call.Hart;
        Feature feature = (Feature)(uint)call[0];
        (ulong value, ulong flags) = (call[1], call[2]);
        if (Check(hart, feature) is SbiError error and not SbiError.Success)
        {
            return error;
        }

        if (value > 1 || (flags & ~FlagLock) != 0)
        {
            return SbiError.InvalidParam;
        }

        if (((_locked[hart.Id] >> (int)feature) & 1) != 0)
        {
            return SbiError.DeniedLocked; // also what would change nothing
        }

        bool changes = value != Get(hart, feature);

        if (changes && FieldOf(feature) is ulong field and not 0)
        {
            hart.WriteMenvcfg(hart.Menvcfg ^ field);
        }
        else if (changes)
        {
            // Undelegated, the misaligned atomics arrive here; nothing can emulate them, so they are reflected all the same.
            hart.Medeleg ^= MisalignedExceptions;
        }

        _locked[hart.Id] |= (uint)(flags & FlagLock) << (int)feature;
        return SbiResult.Success;
    }
}
