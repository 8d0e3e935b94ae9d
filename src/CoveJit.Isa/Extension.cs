namespace CoveJit.Isa;

/// <summary>The extensions CoveJit knows, named as the RISC-V specifications spell them.</summary>
public enum Extension
{
    /// <summary>No extension: never enabled.</summary>
    None,

    /// <summary>RV64I base integer instruction set.</summary>
    I,

    /// <summary>Integer multiplication and division.</summary>
    M,

    /// <summary>Atomic instructions (Zaamo and Zalrsc).</summary>
    A,

    /// <summary>Single-precision floating point.</summary>
    F,

    /// <summary>Double-precision floating point.</summary>
    D,

    /// <summary>Compressed instructions (Zca, Zcd).</summary>
    C,

    /// <summary>Hypervisor extension.</summary>
    H,

    /// <summary>Supervisor mode.</summary>
    S,

    /// <summary>Control and status register instructions.</summary>
    Zicsr,

    /// <summary>Instruction-fetch fence.</summary>
    Zifencei,

    /// <summary>Base counters and timers.</summary>
    Zicntr,

    /// <summary>Hardware performance counters.</summary>
    Zihpm,

    /// <summary>Address generation.</summary>
    Zba,

    /// <summary>Basic bit manipulation.</summary>
    Zbb,

    /// <summary>Carry-less multiplication.</summary>
    Zbc,

    /// <summary>Single-bit instructions.</summary>
    Zbs,

    /// <summary>Bit manipulation for cryptography.</summary>
    Zbkb,

    /// <summary>Carry-less multiplication for cryptography.</summary>
    Zbkc,

    /// <summary>Crossbar permutations.</summary>
    Zbkx,

    /// <summary>AES decryption.</summary>
    Zknd,

    /// <summary>AES encryption.</summary>
    Zkne,

    /// <summary>SHA-2 hash functions.</summary>
    Zknh,

    /// <summary>Integer conditional operations.</summary>
    Zicond,

    /// <summary>Cache-block management.</summary>
    Zicbom,

    /// <summary>Cache-block zero.</summary>
    Zicboz,

    /// <summary>Cache-block prefetch hints.</summary>
    Zicbop,

    /// <summary>Wait on reservation set.</summary>
    Zawrs,

    /// <summary>Pause hint.</summary>
    Zihintpause,

    /// <summary>Non-temporal locality hints.</summary>
    Zihintntl,

    /// <summary>Additional compressed instructions.</summary>
    Zcb,

    /// <summary>Additional floating-point instructions.</summary>
    Zfa,

    /// <summary>Minimal half-precision floating point.</summary>
    Zfhmin,

    /// <summary>Atomic compare-and-swap.</summary>
    Zacas,

    /// <summary>Byte and halfword atomics.</summary>
    Zabha,

    /// <summary>May-be-operations.</summary>
    Zimop,

    /// <summary>Compressed may-be-operations.</summary>
    Zcmop,

    /// <summary>Fine-grained address-translation invalidation.</summary>
    Svinval,

    /// <summary>Supervisor domains: the memory protection table and its fences.</summary>
    Smsd,
}
