using System.Text.Json.Serialization;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Measurements;

namespace CoveJit.Attestation.Dice;

/// <summary>
/// The trusted computing base below a TVM, as facts: what the root of trust measures when the platform starts, and what reference
/// values are computed from. A JSON file for <c>covejit measure --tcb</c>.
/// </summary>
/// <param name="Manufacturer">Identifier of the platform's manufacturer, <see cref="PlatformClaims.ManufacturerSize"/> bytes.</param>
/// <param name="State">Life-cycle state of the platform.</param>
/// <param name="PlatformComponents">Firmware of the platform, in the order in which it is loaded.</param>
/// <param name="PlatformConfiguration">Hash of the platform's configuration.</param>
/// <param name="TsmDriver">The TSM driver.</param>
/// <param name="Tsm">The TSM.</param>
/// <param name="TsmConfiguration">Hash of the TSM's configuration, which holds the keys that may sign TVM attestation payloads.</param>
public sealed record TcbDescription(
    byte[] Manufacturer,
    PlatformState State,
    IReadOnlyList<SoftwareComponent> PlatformComponents,
    Digest PlatformConfiguration,
    SoftwareComponent TsmDriver,
    SoftwareComponent Tsm,
    Digest TsmConfiguration)
{
    private const string What = "TCB description";

    /// <summary>What <c>sbi_covg_get_attcaps</c> answers. A TCB whose security version is no number has version 0.</summary>
    [JsonIgnore]
    public AttestationCapabilities Capabilities => new(Tsm.SecurityVersion ?? 0);

    /// <summary>Reads a description from a JSON file.</summary>
    /// <exception cref="AttestationException">It cannot be read or is none.</exception>
    public static TcbDescription Load(string path) => AttestationJson.Load<TcbDescription>(path, What).Validated();

    /// <summary>The description as JSON.</summary>
    public string ToJson() => AttestationJson.Write(this);

    /// <summary>Registers for a new TVM: platform and TSM are measured already, the rest is zero. Needs no keys.</summary>
    public MeasurementRegisters CreateRegisters()
    {
        MeasurementRegisters registers = new();
        foreach (SoftwareComponent component in PlatformComponents)
        {
            registers.ExtendInitial(RegisterLayout.PlatformFirmware, component.Measurement.Bytes);
        }

        registers.ExtendInitial(RegisterLayout.PlatformConfiguration, PlatformConfiguration.Bytes);
        registers.ExtendInitial(RegisterLayout.PlatformConfiguration, (ulong)State);
        registers.ExtendInitial(RegisterLayout.TsmSoftware, TsmDriver.Measurement.Bytes);
        registers.ExtendInitial(RegisterLayout.TsmSoftware, Tsm.Measurement.Bytes);
        registers.ExtendInitial(RegisterLayout.TsmConfiguration, TsmConfiguration.Bytes);
        return registers;
    }

    /// <summary>Checks what the type does not say.</summary>
    /// <exception cref="AttestationException">Evidence could not carry the description.</exception>
    internal TcbDescription Validated()
    {
        if (Manufacturer.Length != PlatformClaims.ManufacturerSize || PlatformComponents.Count is 0 or > PlatformClaims.MaxComponents)
        {
            throw new AttestationException(
                $"{What}: the manufacturer has not {PlatformClaims.ManufacturerSize} bytes, or there are not 1 to {PlatformClaims.MaxComponents} components",
                "docs/attestation.md has the format");
        }

        return this;
    }
}
