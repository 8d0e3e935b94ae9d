using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Secrets;
using CoveJit.Attestation.Verification;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>TVMs made in one step, of virtual machines of the host's; secrets of attestation payloads.</summary>
public sealed class PromotionTests
{
    private const ulong Vsscratch = 0x240;

    private static readonly ECDsa Owner = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private static readonly TsmIdentity Identity = new(
        new byte[RootOfTrust.MinSecretSize], TsmIdentity.DescribeEmulated(P384PublicKey.FromKey(Owner)), P384PublicKey.FromKey(Owner));

    [Fact]
    public void A_virtual_machine_goes_on_as_a_TVM()
    {
        using TestMachine machine = new();
        machine.Convert();
        new HostVm { Cpus = 3 }.Write(machine);
        ulong id = machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        Assert.Equal((TvmState.Runnable, 3), (machine.Tvm(id).State, machine.Tvm(id).Vcpus.Count));
        machine.Ram.TryClear(HostVm.FirstPage, 4 * PageSize); // it was copied
        machine.Enter(id);
        Assert.Equal((GuestMemory, 0xA0UL, 0xA2UL), (machine.Hart0.Pc, machine.Hart0.ReadRegister(10), machine.Hart0.ReadRegister(12)));
        Assert.Equal(0x5CUL, Harts.Csrs.CsrTable.For(machine.Hart0.Configuration)[(uint)Vsscratch]!.Read(machine.Hart0));
        Assert.Equal(22UL, machine.Continue().Cause);
        Assert.Equal(VcpuState.PoweredOff, machine.Vcpu(id, 1).State);

        // Memory of the device tree's that was not mapped is there to be added.
        machine.Succeed("add_tvm_zero_pages", id, Confidential + ((ConfidentialPages - 1) * PageSize), 0, 1, GuestMemory + 0x2000);
        machine.Succeed("destroy_tvm", id);
        machine.Succeed("reclaim_pages", Confidential, ConfidentialPages);
    }

    [Fact]
    public void What_a_register_cannot_hold_is_not_taken()
    {
        using TestMachine machine = new();
        machine.Convert();
        new HostVm().Write(machine);
        machine.SetCsr(0x200, ulong.MaxValue);
        machine.SetCsr(0x280, 7UL << 60);
        machine.SetCsr(0x205, 3);
        ulong before = Harts.Csrs.CsrTable.For(machine.Hart0.Configuration)[0x200]!.Read(machine.Hart0);
        ulong id = machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        Assert.Equal(before, Harts.Csrs.CsrTable.For(machine.Hart0.Configuration)[0x200]!.Read(machine.Hart0));
        machine.Enter(id);
        ulong Read(uint number) => Harts.Csrs.CsrTable.For(machine.Hart0.Configuration)[number]!.Read(machine.Hart0);
        Assert.NotEqual(ulong.MaxValue, Read(0x200));
        Assert.NotEqual(7UL, Read(0x280) >> 60);
        Assert.NotEqual(3UL, Read(0x205) & 3);
        Assert.Equal(22UL, machine.Continue().Cause);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("program", false)]
    [InlineData("register", false)]
    [InlineData("CPUs", false)]
    public void Its_measurements_are_those_of_its_plan(string change, bool accepted)
    {
        HostVm vm = change switch
        {
            "program" => new HostVm { LastByte = 1 },
            "register" => new HostVm { A2 = 1 },
            "CPUs" => new HostVm { Cpus = 2 },
            _ => new HostVm(),
        };
        using TestMachine machine = new();
        machine.Convert();
        vm.Write(machine);
        ulong id = machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        byte[] certificate = TsmIdentity.Emulated.Attestation.CreateCertificate(
            new AttestationRequest(machine.Tvm(id).Measurements, P384PublicKey.FromKey(key), new byte[TvmClaims.ChallengeSize]), CertificateFormats.Cbor);
        ReferenceValues reference = ReferenceCalculator.Compute(new HostVm().Plan, TsmIdentity.DescribeEmulated(), TsmIdentity.Emulated.Root.PublicKey);
        VerificationReport report = EvidenceVerifier.Verify(PresentedEvidence.Decode(certificate), reference, new Expectations([]));
        Assert.True(report.IsAccepted == accepted, string.Join('\n', report.Checks));
    }

    [Fact]
    public void A_payloads_secret_goes_to_the_TVM_it_is_for()
    {
        using TestMachine machine = new(identity: Identity);
        machine.Convert();
        HostVm vm = new() { PayloadBytes = MakePayload(Owner, "disk key"u8) };
        vm.Write(machine);
        ulong id = machine.Succeed("promote_to_tvm", HostVm.Tree, HostVm.Payload, GuestMemory, 0);
        (SbiResult result, bool exited) = machine.CallFromGuest(id, (ulong)CoveExtension.Guest, 9, HostVm.Payload, PageSize);
        Assert.Equal((SbiResult.Of(8), false), (result, exited));
        byte[] secret = new byte[8];
        Assert.True(machine.Tsm.TryReadGuest(machine.Tvm(id), HostVm.Payload, secret));
        Assert.Equal("disk key"u8.ToArray(), secret);
    }

    [Theory]
    [InlineData("program")]
    [InlineData("register")]
    [InlineData("owner")]
    [InlineData("payload")]
    [InlineData("none")]
    [InlineData("platform")]
    public void A_payloads_secret_stays_where_it_is_for_any_other(string change)
    {
        using ECDsa stranger = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        TsmIdentity platform = change == "platform" ? new(new byte[RootOfTrust.MinSecretSize], Identity.Tcb with { State = PlatformState.Debug }, Identity.Owners) : Identity;
        using TestMachine machine = new(identity: platform);
        machine.Convert();
        byte[] payload = MakePayload(change == "owner" ? stranger : Owner, "disk key"u8);
        payload[^1] ^= change == "payload" ? (byte)1 : (byte)0;
        payload[0] ^= change == "none" ? (byte)1 : (byte)0;
        HostVm vm = new() { PayloadBytes = payload, LastByte = change == "program" ? (byte)1 : (byte)0, A2 = change == "register" ? 1UL : 0xA2 };
        vm.Write(machine);
        long free = machine.Tsm.Pages.CountUnassigned();
        Assert.Equal(CoveError.Auth, machine.Call("promote_to_tvm", HostVm.Tree, HostVm.Payload, GuestMemory, 0).Error);
        Assert.Equal((0, free), (machine.Tsm.Tvms.Count, machine.Tsm.Pages.CountUnassigned()));
    }

    [Fact]
    public void Page_tables_that_lead_nowhere_end()
    {
        using TestMachine machine = new();
        machine.Convert();
        new HostVm().Write(machine);
        for (ulong i = 0; i < 512; i++)
        {
            machine.Write64(HostVm.FirstTable + (8 * i), HostVm.FirstTable >> 2 | 1); // to itself
        }

        Assert.Equal(SbiError.Failed, machine.Call("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0).Error);
        machine.Ram.TryClear(HostVm.LastTable, PageSize);
        for (ulong i = 0; i < 512; i++)
        {
            machine.Write64(HostVm.FirstTable + (8 * i), HostVm.LastTable >> 2 | 1); // to an empty one
        }

        Assert.Equal(SbiError.Failed, machine.Call("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0).Error);
        for (ulong i = 0; i < 512; i++)
        {
            machine.Write64(HostVm.FirstTable + (8 * i), HostVm.FirstPage >> 2 & ~0x7FFFFUL | 0xDF); // to 2 MiB of the host's, 512 times
        }

        Assert.NotEqual(SbiError.Success, machine.Call("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0).Error);
    }

    private static byte[] MakePayload(ECDsa owner, ReadOnlySpan<byte> secret)
    {
        ReferenceValues reference = ReferenceCalculator.Compute(new HostVm { PayloadBytes = [1] }.Plan);
        return TvmAttestationPayload.Create(owner, Identity.Attestation.SealingKey, [.. reference.Tvm.Initial.Select(r => new RegisterValue(r.Index, r.Value))], secret);
    }
}
