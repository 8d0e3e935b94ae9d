namespace CoveJit.TeeIo.Spdm;

/// <summary>AlgType of an algorithm structure.</summary>
public enum AlgorithmType : byte
{
    /// <summary>DHE.</summary>
    Dhe = 2,

    /// <summary>AEADCipherSuite.</summary>
    Aead = 3,

    /// <summary>ReqBaseAsymAlg, of mutual authentication.</summary>
    RequesterAsymmetric = 4,

    /// <summary>KeySchedule.</summary>
    KeySchedule = 5,
}
