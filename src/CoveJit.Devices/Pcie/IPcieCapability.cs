namespace CoveJit.Devices.Pcie;

/// <summary>A capability: it declares its registers in a function's configuration space, once.</summary>
public interface IPcieCapability
{
    /// <summary>Adds itself to the function's list.</summary>
    void Attach(PcieFunction function);
}
