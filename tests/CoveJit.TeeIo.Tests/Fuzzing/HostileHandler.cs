using System.Diagnostics.CodeAnalysis;
using CoveJit.TeeIo.PciSig;
using CoveJit.TeeIo.Spdm.Responder;

namespace CoveJit.TeeIo.Tests.Fuzzing;

/// <summary>Answers as PCI-SIG's protocols whatever it is told to.</summary>
internal sealed class HostileHandler : IVendorDefinedHandler
{
    public Func<byte[], byte[]> Answer { get; set; } = static request => request;

    public ushort StandardId => PciSigVendor.StandardId;

    public ReadOnlySpan<byte> VendorId => PciSigVendor.VendorId;

    public bool NeedsSession => true;

    public bool TryHandle(uint? session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response)
    {
        response = Answer(request.ToArray());
        return true;
    }

    public void OnSessionEnded(uint session)
    {
    }
}
