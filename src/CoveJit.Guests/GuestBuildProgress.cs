namespace CoveJit.Guests;

/// <summary>One step forward in making a guest.</summary>
/// <param name="Stage">What is being done, in a few words; a new text is a new stage.</param>
/// <param name="Done">Units of work done in this stage.</param>
/// <param name="Total">Units of work in this stage; 0 when it cannot be known.</param>
public readonly record struct GuestBuildProgress(string Stage, long Done, long Total);
