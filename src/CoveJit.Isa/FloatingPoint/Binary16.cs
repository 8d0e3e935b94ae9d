namespace CoveJit.Isa.FloatingPoint;

/// <summary>Half precision as Zfhmin needs it: conversions from the wider formats. The others are in <see cref="Binary32"/> and <see cref="Binary64"/>.</summary>
public static class Binary16
{
    /// <summary>Converts a single-precision number.</summary>
    public static ushort FromBinary32(uint a, ref FloatContext context) => (ushort)SoftConversion.Convert<Format32, Format16>(a, ref context);

    /// <summary>Converts a double-precision number.</summary>
    public static ushort FromBinary64(ulong a, ref FloatContext context) => (ushort)SoftConversion.Convert<Format64, Format16>(a, ref context);
}
