using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.Spdm.Responder;

/// <summary>A protocol that travels in vendor-defined messages.</summary>
public interface IVendorDefinedHandler
{
    /// <summary>StandardID: the registry of the vendor's identifier.</summary>
    ushort StandardId { get; }

    /// <summary>VendorID.</summary>
    ReadOnlySpan<byte> VendorId { get; }

    /// <summary>Whether requests are refused outside sessions.</summary>
    bool NeedsSession { get; }

    /// <summary>Answers a request.</summary>
    /// <param name="session">The session, or null for in the clear.</param>
    /// <param name="request">VendorDefinedPayload.</param>
    /// <param name="response">The answer's payload.</param>
    /// <returns>False to answer ERROR with InvalidRequest.</returns>
    bool TryHandle(uint? session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response);

    /// <summary>A session is over, however it ended.</summary>
    /// <param name="session">The session.</param>
    void OnSessionEnded(uint session);
}
