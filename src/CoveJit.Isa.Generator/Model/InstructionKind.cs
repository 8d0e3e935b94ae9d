namespace CoveJit.Isa.Generator.Model;

/// <summary>The attribute that declared an instruction; the names are those of OpKind.</summary>
internal enum InstructionKind
{
    Alu,
    Load,
    Store,
    Amo,
    Branch,
    Jump,
    System,
}
