using System.Reflection.Emit;

namespace CoveJit.Translator.Emission;

/// <summary>IL for the state behind argument 0.</summary>
internal static class StateAccess
{
    /// <summary>Pushes the address of a field.</summary>
    public static void LoadStateAddress(this ILGenerator il, int offset)
    {
        il.Emit(OpCodes.Ldarg_0);
        if (offset != 0)
        {
            il.Emit(OpCodes.Ldc_I4, offset);
            il.Emit(OpCodes.Add);
        }
    }

    /// <summary>Pushes a field.</summary>
    public static void LoadState(this ILGenerator il, int offset, OpCode load)
    {
        il.LoadStateAddress(offset);
        il.Emit(load);
    }

    /// <summary>Stores what <paramref name="value"/> pushes into a field.</summary>
    public static void StoreState(this ILGenerator il, int offset, OpCode store, Action value)
    {
        il.LoadStateAddress(offset);
        value();
        il.Emit(store);
    }

    /// <summary>Pushes a 64-bit constant.</summary>
    public static void LoadConstant(this ILGenerator il, long value)
    {
        if (value == (int)value)
        {
            il.Emit(OpCodes.Ldc_I4, (int)value);
            il.Emit(OpCodes.Conv_I8);
        }
        else
        {
            il.Emit(OpCodes.Ldc_I8, value);
        }
    }
}
