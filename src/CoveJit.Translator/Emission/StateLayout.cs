using CoveJit.Harts.Code;
using CoveJit.Harts.State;

namespace CoveJit.Translator.Emission;

/// <summary>Byte offsets of what translated code reads and writes through the state pointer.</summary>
internal static unsafe class StateLayout
{
    public static int Pc { get; } = OffsetOf(s => &s->Pc);

    public static int Remaining { get; } = OffsetOf(s => &s->Remaining);

    public static int DataBank { get; } = OffsetOf(s => &s->DataBank);

    public static int FetchBank { get; } = OffsetOf(s => &s->FetchBank);

    public static int Attention { get; } = OffsetOf(s => &s->Attention);

    public static int FloatOff { get; } = OffsetOf(s => &s->FloatOff);

    public static int FloatDirty { get; } = OffsetOf(s => &s->FloatDirty);

    public static int Fflags { get; } = OffsetOf(s => &s->Fflags);

    public static int Frm { get; } = OffsetOf(s => &s->Frm);

    public static int Ram { get; } = OffsetOf(s => &s->Ram);

    public static int CodeTables { get; } = OffsetOf(s => &s->CodeTables);

    public static int Arena { get; } = OffsetOf(s => &s->Arena);

    public static int PageBase { get; } = OffsetOf(s => &s->PageBase);

    public static int Mxcsr { get; } = OffsetOf(s => &s->Mxcsr);

    public static int MxcsrClear { get; } = OffsetOf(s => &s->MxcsrClear);

    /// <summary>Offset of <see cref="Block.Entry"/> in a block.</summary>
    public static int BlockEntry { get; } = BlockOffsetOf(b => &b->Entry);

    /// <summary>Offset of <see cref="Block.Native"/> in a block.</summary>
    public static int BlockNative { get; } = BlockOffsetOf(b => &b->Native);

    /// <summary>Offset of <see cref="Block.Credit"/> in a block.</summary>
    public static int BlockCredit { get; } = BlockOffsetOf(b => &b->Credit);

    /// <summary>Offset of an integer register.</summary>
    public static int X(int number) => number * sizeof(ulong);

    /// <summary>Offset of a floating-point register.</summary>
    public static int F(int number) => FloatBase + (number * sizeof(ulong));

    private static int FloatBase { get; } = OffsetOf(s => s->F);

    private delegate void* FieldOf(HartState* state);

    private static int OffsetOf(FieldOf field)
    {
        HartState state;
        return (int)((byte*)field(&state) - (byte*)&state);
    }

    private delegate void* BlockFieldOf(Block* block);

    private static int BlockOffsetOf(BlockFieldOf field)
    {
        Block block;
        return (int)((byte*)field(&block) - (byte*)&block);
    }
}
