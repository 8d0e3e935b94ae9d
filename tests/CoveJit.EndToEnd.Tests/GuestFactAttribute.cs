namespace CoveJit.EndToEnd.Tests;

/// <summary>A test that boots the default guest. It is skipped, saying why, where the guest is not built or a needed file is absent.</summary>
public sealed class GuestFactAttribute : FactAttribute
{
    /// <param name="files">Further files of the host that the test needs; at least one of each pair of alternatives joined by '|'.</param>
    public GuestFactAttribute(params string[] files)
    {
        if (!File.Exists(DefaultGuest.DescriptionFile))
        {
            Skip = $"there is no {DefaultGuest.DescriptionFile}: make the guest with 'covejit guest build', or point COVEJIT_GUEST_DIR to it";
            return;
        }

        foreach (string file in files)
        {
            if (!file.Split('|').Any(File.Exists))
            {
                Skip = $"there is no {file}: install the Debian package that holds it";
            }
        }
    }
}
