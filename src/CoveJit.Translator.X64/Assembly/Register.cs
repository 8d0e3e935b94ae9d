namespace CoveJit.Translator.X64.Assembly;

/// <summary>The general registers of the host by their encoding.</summary>
internal enum Register
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

/// <summary>Condition codes by their encoding in Jcc and SETcc.</summary>
internal enum Condition
{
    Overflow,
    NoOverflow,
    Below,
    AboveOrEqual,
    Equal,
    NotEqual,
    BelowOrEqual,
    Above,
    Sign,
    NoSign,
    Parity,
    NoParity,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Greater,
}

/// <summary>The eight two-operand operations of the first opcode rows, by their encoding.</summary>
internal enum Alu
{
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
}

/// <summary>Shifts and rotates by their encoding in the opcode extension.</summary>
internal enum Shift
{
    RotateLeft = 0,
    RotateRight = 1,
    Left = 4,
    Right = 5,
    RightArithmetic = 7,
}

/// <summary>Operations on whole xmm registers by the last byte of their opcode (66 0F).</summary>
internal enum PackedOp
{
    UnpackLow = 0x6C,
    UnpackHigh = 0x6D,
    Xor = 0xEF,
}

/// <summary>Rounds of AES by the last byte of their opcode (66 0F 38).</summary>
internal enum AesOp
{
    Encrypt = 0xDC,
    EncryptLast = 0xDD,
    Decrypt = 0xDE,
    DecryptLast = 0xDF,
}

/// <summary>A memory operand: base + index x 1 + displacement.</summary>
/// <param name="Base">Base register.</param>
/// <param name="Displacement">Signed displacement.</param>
/// <param name="Index">Index register, or null.</param>
/// <param name="Scale">log2 of what the index is multiplied with.</param>
internal readonly record struct Mem(Register Base, int Displacement, Register? Index = null, int Scale = 0);
