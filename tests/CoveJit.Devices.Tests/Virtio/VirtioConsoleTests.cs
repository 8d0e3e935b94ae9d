using System.Text;
using CoveJit.Devices.Virtio;

namespace CoveJit.Devices.Tests.Virtio;

public class VirtioConsoleTests
{
    private sealed class Sink : IConsoleSink
    {
        public StringBuilder Text { get; } = new();

        public void Write(ReadOnlySpan<byte> bytes) => Text.Append(Encoding.Latin1.GetString(bytes));
    }

    [Fact]
    public void Output_input_size_and_emergency_writes_work()
    {
        Sink sink = new();
        VirtioConsole console = new("con0", sink, 80, 25);
        TestDriver driver = new TestDriver(console).Start(packed: true);
        "hello"u8.CopyTo(driver.Ram.At(TestDriver.Data, 5));
        driver.Queues[1].Add(false, new Part(TestDriver.Data, 2), new Part(TestDriver.Data + 2, 3));
        driver.Kick(1);
        Assert.Equal("hello", sink.Text.ToString());

        // Input that comes before there is a buffer waits for one.
        Assert.Equal(6, console.Input("abcdef"u8));
        driver.TakeInterrupt();
        driver.Queues[0].Add(false, new Part(TestDriver.Data + 64, 4, true));
        driver.Kick(0);
        Assert.True(driver.Queues[0].TryTakeUsed(out _, out uint written));
        Assert.Equal(4u, written);
        Assert.Equal("abcd"u8.ToArray(), driver.Ram.At(TestDriver.Data + 64, 4).ToArray());
        Assert.Equal(1u, driver.TakeInterrupt());
        driver.Queues[0].Add(false, new Part(TestDriver.Data + 64, 4, true));
        driver.Kick(0);
        Assert.True(driver.Queues[0].TryTakeUsed(out _, out written));
        Assert.Equal(2u, written);
        Assert.Equal(1u, driver.TakeInterrupt());

        uint generation = driver.Read(0xfc);
        Assert.Equal(25u << 16 | 80, driver.Read(0x100));
        console.Resize(132, 50);
        Assert.Equal(2u, driver.TakeInterrupt());
        Assert.NotEqual(generation, driver.Read(0xfc));
        Assert.Equal(50u << 16 | 132, driver.Read(0x100));

        Assert.True(driver.Mmio.TryWrite(0x108, 4, '!'));
        Assert.Equal("hello!", sink.Text.ToString());
    }

    [Fact]
    public void Input_nobody_reads_is_bounded()
    {
        VirtioConsole console = new("con0", new Sink());
        TestDriver driver = new TestDriver(console).Start();
        byte[] flood = new byte[60_000];
        Assert.Equal(60_000, console.Input(flood));
        Assert.Equal(5536, console.Input(flood));
        Assert.Equal(0, console.Input(flood));
        Assert.Empty(driver.Reports);
    }
}
