using CoveJit.TeeIo.Ide;

namespace CoveJit.Devices.Pcie.Security;

/// <summary>A TLP on the wire between a port and its device, under IDE: what somebody in between sees.</summary>
/// <param name="toDevice">Whether it goes from the port to the device.</param>
/// <param name="subStream">Its sub-stream.</param>
/// <param name="header">IDE prefix and header: authenticated, not encrypted. <see cref="IdeLink"/> says what is in it.</param>
/// <param name="data">The data, encrypted.</param>
/// <param name="mac">The MAC, 12 bytes.</param>
public sealed class IdeTlp(bool toDevice, IdeSubStream subStream, byte[] header, byte[] data, byte[] mac)
{
    /// <summary>Whether it goes from the port to the device.</summary>
    public bool ToDevice => toDevice;

    /// <summary>Its sub-stream.</summary>
    public IdeSubStream SubStream => subStream;

    /// <summary>IDE prefix and header.</summary>
    public byte[] Header => header;

    /// <summary>The encrypted data.</summary>
    public byte[] Data => data;

    /// <summary>The MAC.</summary>
    public byte[] Mac => mac;

    /// <summary>A copy, for whoever wants to send it again.</summary>
    public IdeTlp Copy() => new(toDevice, subStream, [.. header], [.. data], [.. mac]);
}

/// <summary>Somebody between a port and its device, with the wire in hand.</summary>
public interface IIdeInterposer
{
    /// <summary>Sees a TLP and says what arrives in its place: the same, changed or not, another one, or nothing (null).</summary>
    IdeTlp? Pass(IdeTlp tlp);
}
