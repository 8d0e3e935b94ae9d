namespace CoveJit.Translator.X64.Assembly;

/// <summary>A displacement in emitted code: four bytes that hold the distance from behind them to a target.</summary>
/// <param name="At">Address of the displacement.</param>
/// <param name="Target">The address it leads to.</param>
internal readonly record struct Fixup(nint At, nint Target);
