using System.Security.Cryptography;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Measurements;
using CoveJit.Attestation.Verification;

namespace CoveJit.Attestation.Tests;

public sealed class MeasurementTests
{
    [Fact]
    public void A_page_is_measured_with_its_address_after_the_old_value()
    {
        byte[] page = new byte[4096];
        Random.Shared.NextBytes(page);
        MeasurementRegisters registers = new();
        registers.MeasurePages(0x1_8020_0000, page);
        byte[] first = SHA384.HashData((byte[])[.. new byte[48], 0, 0, 0x20, 0x80, 1, 0, 0, 0, .. page]);
        Assert.Equal(first, registers[RegisterLayout.TvmPages].Bytes);

        registers.MeasurePages(0x1000, [.. page, .. page]);
        byte[] second = SHA384.HashData((byte[])[.. first, 0, 0x10, 0, 0, 0, 0, 0, 0, .. page]);
        byte[] third = SHA384.HashData((byte[])[.. second, 0, 0x20, 0, 0, 0, 0, 0, 0, .. page]);
        Assert.Equal(third, registers[RegisterLayout.TvmPages].Bytes);
    }

    [Fact]
    public void The_configuration_is_entry_argument_and_vcpus_in_order()
    {
        MeasurementRegisters registers = new();
        registers.MeasureConfiguration(0x80, 0x81, [3, 2]);
        byte[] expected = new byte[48];
        foreach (byte value in (byte[])[0x80, 0x81, 2, 3])
        {
            expected = SHA384.HashData((byte[])[.. expected, value, 0, 0, 0, 0, 0, 0, 0]);
        }

        Assert.Equal(expected, registers[RegisterLayout.TvmConfiguration].Bytes);
    }

    [Fact]
    public void Initial_registers_freeze_and_runtime_registers_thaw_at_finalization()
    {
        MeasurementRegisters registers = new();
        byte[] digest = new byte[Digest.Size];
        Assert.False(registers.TryExtendRuntime(RegisterLayout.FirstRuntime, digest));
        registers.MeasureConfiguration(0, 0, [0]);
        Assert.Throws<InvalidOperationException>(() => registers.MeasurePages(0, new byte[4096]));
        Assert.Throws<InvalidOperationException>(() => registers.MeasureConfiguration(0, 0, [0]));
        Assert.True(registers.TryExtendRuntime(RegisterLayout.FirstRuntime, digest));
        Assert.Equal(SHA384.HashData(new byte[96]), registers[RegisterLayout.FirstRuntime].Bytes);
    }

    [Theory]
    [InlineData(0UL, 48)]
    [InlineData(5UL, 48)]
    [InlineData(10UL, 48)]
    [InlineData(ulong.MaxValue, 48)]
    [InlineData(1UL << 32, 48)]
    [InlineData(6UL, 47)]
    [InlineData(6UL, 0)]
    public void A_TVM_extends_nothing_else_than_runtime_registers(ulong index, int length)
    {
        MeasurementRegisters registers = new();
        registers.Freeze();
        Assert.False(registers.TryExtendRuntime(index, new byte[length]));
        Assert.All(Enumerable.Range(0, RegisterLayout.Count), i => Assert.Equal(Digest.Zero, registers[i]));
        Assert.Equal(index < 10, registers.TryRead(index, out _));
    }

    [Fact]
    public void Capabilities_are_laid_out_as_the_ABI_says()
    {
        byte[] bytes = Enumerable.Repeat((byte)0xEE, 340).ToArray();
        new AttestationCapabilities(0x0102030405060708).Write(bytes);
        Assert.Equal(336, AttestationCapabilities.Size);
        Assert.Equal([8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 3, 0, 0, 0, 6, 4, 0, 0], bytes[..20]);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], bytes[32..44]);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0], bytes[68..80]);
        Assert.Equal([0, 0, 0, 0, 1, 0, 0, 0, 17, 0, 0, 0], bytes[92..104]);
        Assert.Equal([0, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0], bytes[128..140]);
        Assert.All(bytes[140..336], value => Assert.Equal(0, value));
        Assert.All(bytes[336..], value => Assert.Equal(0xEE, value));
    }

    [Fact]
    public void Reference_values_are_what_the_TSM_measures()
    {
        Random random = new(1);
        for (int i = 0; i < 30; i++)
        {
            byte[] kernel = new byte[random.Next(0, 3) * 4096 + random.Next(0, 4097)];
            random.NextBytes(kernel);
            TestPlatform platform = new()
            {
                Kernel = kernel.Length == 0 ? [0] : kernel,
                CommandLine = new string('x', random.Next(0, 9000)),
                EntryPc = (ulong)random.NextInt64(),
                EntryArgument = (ulong)random.NextInt64(),
                Vcpus = [.. Enumerable.Range(0, random.Next(1, 9)).Reverse().Select(id => (ulong)id)],
                TsmVersion = $"tsm {i}",
            };
            MeasurementRegisters registers = platform.Launch(platform.Start());
            Assert.Equal(
                Enumerable.Range(0, RegisterLayout.InitialCount).Select(index => (index, registers[index])),
                platform.Reference().Tvm.Initial.Select(register => (register.Index, register.Value)));
        }
    }

    [Fact]
    public void Memory_behind_the_content_is_measured_as_zero()
    {
        LaunchPlan small = new(0, 0, [0], [new LaunchRegion(0x20_0000, new byte[] { 1 }, 0x20_0000, LaunchPageType.Page2M)]);
        LaunchPlan large = small with { Regions = [LaunchRegion.Of(0x20_0000, (byte[])[1, .. new byte[0x1F_FFFF]])] };
        Assert.Equal(Registers(small), Registers(large));
        static RegisterReference[] Registers(LaunchPlan plan) => [.. ReferenceCalculator.Compute(plan).Tvm.Initial];
    }
}
