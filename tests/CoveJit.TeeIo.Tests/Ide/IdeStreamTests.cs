using CoveJit.TeeIo.Ide;
using FsCheck.Xunit;

namespace CoveJit.TeeIo.Tests.Ide;

/// <summary>TLPs between two ports, and what happens to a stream when somebody touches them.</summary>
public sealed class IdeStreamTests
{
    private const byte Stream = 9;

    private readonly IdeKeyTable _a = new();
    private readonly IdeKeyTable _b = new();

    public IdeStreamTests() => Program(0);

    [Property(MaxTest = 50)]
    public void What_one_port_transmits_the_other_receives(byte[] header, byte[] data)
    {
        using IdeStream a = new(Stream, _a);
        using IdeStream b = new(Stream, _b);
        Assert.True(a.IsSecure && b.IsSecure);
        foreach (IdeSubStream subStream in Enum.GetValues<IdeSubStream>())
        {
            for (int i = 0; i < 3; i++)
            {
                byte[] tlp = [.. data];
                byte[] mac = new byte[IdeCipher.MacSize];
                Assert.True(a.TryTransmit(subStream, 0, header, tlp, mac));
                Assert.True(b.TryReceive(subStream, 0, header, tlp, mac));
                Assert.Equal(data, tlp);
            }
        }
    }

    [Fact]
    public void The_ciphertext_is_that_of_AES_256_GCM_with_sub_stream_and_count_as_its_vector()
    {
        using IdeStream a = new(Stream, _a);
        byte[] data = [1, 2, 3, 4];
        byte[] mac = new byte[IdeCipher.MacSize];
        a.TryTransmit(IdeSubStream.Completion, 0, [7], [0], new byte[IdeCipher.MacSize]);
        a.TryTransmit(IdeSubStream.Completion, 0, [7], data, mac);

        using System.Security.Cryptography.AesGcm cipher = new(KeyOf(IdeDirection.Transmit, IdeSubStream.Completion, 0), IdeCipher.MacSize);
        byte[] plain = new byte[4];
        byte[] vector = [0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        byte[] header = [7];
        cipher.Decrypt(vector, data, mac, plain, header);
        Assert.Equal([1, 2, 3, 4], plain);
    }

    [Fact]
    public void A_changed_TLP_turns_the_stream_insecure_for_good_and_its_keys_are_forgotten()
    {
        using IdeStream a = new(Stream, _a);
        using IdeStream b = new(Stream, _b);
        byte[] tlp = [1, 2, 3];
        byte[] mac = new byte[IdeCipher.MacSize];
        a.TryTransmit(IdeSubStream.Posted, 0, [1], tlp, mac);
        tlp[1] ^= 1;

        Assert.False(b.TryReceive(IdeSubStream.Posted, 0, [1], tlp, mac));
        Assert.Equal(new byte[3], tlp);
        Assert.True(b.HasFailed);
        Assert.False(_b.HasEnabled(Stream));
        Assert.False(b.TryTransmit(IdeSubStream.Posted, 0, [1], tlp, mac));
    }

    [Fact]
    public void Repeated_reordered_and_misdirected_TLPs_are_noticed()
    {
        foreach (int attack in Enumerable.Range(0, 5))
        {
            Program(0);
            using IdeStream a = new(Stream, _a);
            using IdeStream b = new(Stream, _b);
            (byte[] Data, byte[] Mac) first = Transmit(a);
            (byte[] Data, byte[] Mac) second = Transmit(a);
            bool accepted = attack switch
            {
                0 => Receive(b, first) && Receive(b, first),
                1 => Receive(b, second),
                2 => Receive(b, first, IdeSubStream.NonPosted),
                3 => Receive(b, first, header: 2),
                _ => Receive(a, first),
            };
            Assert.False(accepted, $"attack {attack}");
        }
    }

    [Fact]
    public void Keys_are_refreshed_by_changing_to_the_other_key_set()
    {
        using IdeStream a = new(Stream, _a, limit: 2);
        using IdeStream b = new(Stream, _b, limit: 2);
        Assert.True(Receive(b, Transmit(a)) && Receive(b, Transmit(a)));
        Program(1);

        byte[] tlp = [5];
        byte[] mac = new byte[IdeCipher.MacSize];
        Assert.True(a.TryTransmit(IdeSubStream.Posted, 1, [1], tlp, mac));
        Assert.True(b.TryReceive(IdeSubStream.Posted, 1, [1], tlp, mac));
        Assert.False(a.TryTransmit(IdeSubStream.Posted, 0, [1], tlp, mac));
        Assert.True(a.HasFailed);
    }

    [Fact]
    public void Without_keys_in_use_nothing_is_transmitted()
    {
        IdeKeyTable keys = new();
        using IdeStream stream = new(Stream, keys);

        Assert.False(stream.IsSecure);
        Assert.False(stream.TryTransmit(IdeSubStream.Posted, 0, [1], [1], new byte[IdeCipher.MacSize]));
    }

    private static (byte[] Data, byte[] Mac) Transmit(IdeStream stream)
    {
        byte[] tlp = [1, 2, 3];
        byte[] mac = new byte[IdeCipher.MacSize];
        Assert.True(stream.TryTransmit(IdeSubStream.Posted, 0, [1], tlp, mac));
        return (tlp, mac);
    }

    private static bool Receive(IdeStream stream, (byte[] Data, byte[] Mac) tlp, IdeSubStream subStream = IdeSubStream.Posted, byte header = 1) =>
        stream.TryReceive(subStream, 0, [header], [.. tlp.Data], tlp.Mac);

    private static byte[] KeyOf(IdeDirection direction, IdeSubStream subStream, byte keySet)
    {
        byte[] key = new byte[IdeKey.KeySize];
        key[0] = (byte)((byte)direction | ((byte)subStream << 1) | (keySet << 4));
        return key;
    }

    // One port's keys to transmit are the other's to receive.
    private void Program(byte keySet)
    {
        foreach (IdeDirection direction in Enum.GetValues<IdeDirection>())
        {
            foreach (IdeKeyId id in IdeKeyId.Of(Stream, keySet, direction))
            {
                IdeKeyId other = id with { Direction = 1 - direction };
                foreach ((IdeKeyTable table, IdeKeyId which) in new[] { (_a, id), (_b, other) })
                {
                    table.TryStop(which);
                    Assert.True(table.TryProgram(which, new IdeKey(KeyOf(direction, id.SubStream, keySet), [0, 0, 0, 0, 0, 0, 0, 1])));
                    Assert.True(table.TryGo(which));
                }
            }
        }
    }
}
