using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Verification;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Guests;
using CoveJit.Machines;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Cli.Attacks;

/// <summary>Compiles <c>guest/attack</c>, runs it on a machine with a TSM, and has the evidence verified that it tells. The attacks themselves are the program's.</summary>
internal static class AttackRun
{
    private const string EvidenceAttack = "change-image";
    private const ulong MemorySize = 128UL << 20;

    /// <summary>Which attacks there are.</summary>
    /// <exception cref="GuestBuildException">The compiler is missing.</exception>
    public static Task<IReadOnlyList<AttackResult>> ListAsync(CancellationToken cancellation) =>
        WithProgramAsync(null, listOnly: true, program => AttackTranscript.Parse(Run(program)).Attacks, cancellation);

    /// <summary>Makes attacks.</summary>
    /// <param name="only">The name of one; null for all.</param>
    /// <param name="cancellation">Stops the work before the run.</param>
    /// <exception cref="GuestBuildException">The compiler is missing.</exception>
    /// <exception cref="LoadException">The program failed.</exception>
    public static Task<IReadOnlyList<AttackResult>> MakeAsync(string? only, CancellationToken cancellation) =>
        WithProgramAsync(only, listOnly: false, program =>
        {
            (IReadOnlyList<AttackResult> attacks, IReadOnlyList<AttackEvidence> evidence) = AttackTranscript.Parse(Run(program));
            if (attacks.All(attack => attack.Attack != EvidenceAttack))
            {
                return attacks;
            }

            string? fault = FaultOf(evidence, program);
            return fault is null
                ? attacks
                : [.. attacks.Select(attack => attack.Attack == EvidenceAttack ? attack with { Confidential = AttackOutcome.Succeeded, Success = fault } : attack)];
        }, cancellation);

    private static async Task<IReadOnlyList<AttackResult>> WithProgramAsync(
        string? only, bool listOnly, Func<string, IReadOnlyList<AttackResult>> use, CancellationToken cancellation)
    {
        DirectoryInfo work = Directory.CreateTempSubdirectory("covejit-attack-");
        try
        {
            return use(await AttackProgram.CompileAsync(work.FullName, only, listOnly, cancellation).ConfigureAwait(false));
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static string Run(string program)
    {
        AttackConsole console = new();
        MachineOptions options = new()
        {
            Kernel = program,
            MemorySize = MemorySize,
            Harts = 2,
            Tsm = CoveProfile.Current,
            MatrixEngines = [new AcceleratorOptions(new FunctionOptions { Tee = TeeIdentity.Genuine }), new AcceleratorOptions(FunctionOptions.Plain)],
            Ide = IdeLinkMode.Functional,
        };
        using Machine machine = new(options, console);
        console.Adversary = LinkAdversary.Attach(machine.RootPorts[0], machine.RootPorts[1]);
        MachineEnd end = machine.Run();
        return end.Kind == MachineEndKind.PowerOff
            ? console.Text
            : throw new LoadException($"the attacks ended the machine: {end.Kind} {console.Text.Split('\n')[^1]}".TrimEnd(), "this is a defect of CoveJit; please report it");
    }

    // What is wrong with the verifier's judgement; null if it accepts the genuine evidence alone.
    private static string? FaultOf(IReadOnlyList<AttackEvidence> evidence, string program)
    {
        ReferenceValues reference = ReferenceCalculator.Compute(
            new LaunchPlan(AttackProgram.VictimAddress, 0, [0], [LaunchRegion.Of(AttackProgram.VictimAddress, ImageOf(program))]),
            TsmIdentity.Emulated.Tcb,
            [TsmIdentity.Emulated.Root.PublicKey]);
        Expectations expectations = new([], new byte[TvmClaims.ChallengeSize]); // the victim's challenge is all zeroes
        foreach (AttackEvidence told in evidence)
        {
            VerificationReport report = EvidenceVerifier.Verify(PresentedEvidence.Decode(Convert.FromHexString(told.Certificate)), reference, expectations);
            bool isGenuine = told.Evidence == "genuine";
            if (report.IsAccepted != isGenuine)
            {
                return isGenuine ? "the verifier refuses genuine evidence, too" : "the verifier accepts another image's evidence";
            }
        }

        return evidence.Count == 2 ? null : "there is no evidence to verify";
    }

    private static ReadOnlyMemory<byte> ImageOf(string program)
    {
        ElfFile elf = ElfFile.Parse(GuestFile.Read("the attacks", program, MemorySize));
        elf.Symbols.TryGetAddress(AttackProgram.VictimImage, out ulong address);
        ElfSegment segment = elf.Segments.Single(s => address - s.PhysicalAddress < s.FileSize);
        return elf.Bytes(segment).Slice((int)(address - segment.PhysicalAddress), AttackProgram.VictimImageSize).ToArray();
    }
}
