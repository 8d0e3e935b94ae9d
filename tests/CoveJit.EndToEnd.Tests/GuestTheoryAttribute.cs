namespace CoveJit.EndToEnd.Tests;

/// <summary>As <see cref="GuestFactAttribute"/>, with cases.</summary>
public sealed class GuestTheoryAttribute : TheoryAttribute
{
    /// <param name="files">Further files of the host that the test needs.</param>
    public GuestTheoryAttribute(params string[] files) => Skip = new GuestFactAttribute(files).Skip;
}
