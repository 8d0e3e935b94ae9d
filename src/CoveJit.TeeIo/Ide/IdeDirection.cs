namespace CoveJit.TeeIo.Ide;

/// <summary>Which way a key is used, seen from the port that has it.</summary>
public enum IdeDirection : byte
{
    /// <summary>TLPs that the port receives.</summary>
    Receive = 0,

    /// <summary>TLPs that the port transmits.</summary>
    Transmit = 1,
}
