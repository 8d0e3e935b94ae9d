namespace CoveJit.Translator.Inspection;

/// <summary>Hears of host code as it is made. Without one, inspection costs nothing.</summary>
public interface ITranslationObserver
{
    /// <summary>Whether the text of IL is wanted.</summary>
    bool WantsIl { get; }

    /// <summary>A 64-bit counter that a block's code increments each time it runs, in memory that outlives the code; 0 if runs are not counted.</summary>
    nint NewCounter();

    /// <summary>Host code can be entered from now on. Called from any thread.</summary>
    void OnTranslated(Translation translation);
}
