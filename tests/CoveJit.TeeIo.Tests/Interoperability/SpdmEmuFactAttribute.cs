namespace CoveJit.TeeIo.Tests.Interoperability;

/// <summary>A test that needs DMTF's spdm-emu. It is skipped, saying how to have it, where that is absent.</summary>
public sealed class SpdmEmuFactAttribute : FactAttribute
{
    public SpdmEmuFactAttribute()
    {
        if (SpdmEmu.Directory is null)
        {
            Skip = "DMTF's spdm-emu is absent: build it, and set COVEJIT_SPDM_EMU to the directory with spdm_responder_emu, spdm_requester_emu and their sample keys";
        }
    }
}
