namespace CoveJit.TeeIo.Spdm;

/// <summary>AEAD structure: ciphers this library knows.</summary>
[Flags]
public enum AeadCipherSuites : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>AES-256-GCM with tags of 16 bytes.</summary>
    Aes256Gcm = 2,
}
