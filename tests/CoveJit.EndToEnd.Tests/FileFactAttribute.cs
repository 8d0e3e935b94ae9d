namespace CoveJit.EndToEnd.Tests;

/// <summary>A test that needs files of the host. It is skipped, saying why, where one is absent.</summary>
public class FileFactAttribute : FactAttribute
{
    /// <param name="files">The files; at least one of each set of alternatives joined by '|'.</param>
    public FileFactAttribute(params string[] files)
    {
        if (files.FirstOrDefault(file => !file.Split('|').Any(File.Exists)) is { } missing)
        {
            Skip = $"there is no {missing}: install the Debian package that holds it";
        }
    }
}
