using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Ide;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Tdisp;
using CoveJit.TeeIo.Tests.Support;
using CoveJit.TeeIo.Wire;
using FsCheck.Xunit;

namespace CoveJit.TeeIo.Tests.Wire;

/// <summary>Every declared message, written and read.</summary>
public sealed class MessageTests
{
    [Property(MaxTest = 200)]
    public void What_is_written_is_read_again(int seed)
    {
        foreach (Sample sample in Samples(seed))
        {
            Assert.True(sample.TryRecode(sample.Bytes, out byte[]? again), sample.Name);
            Assert.Equal(sample.Bytes, again);
        }
    }

    [Property(MaxTest = 30)]
    public void A_message_that_is_cut_short_or_goes_on_is_refused(int seed)
    {
        foreach (Sample sample in Samples(seed))
        {
            for (int size = 0; size < sample.Bytes.Length; size++)
            {
                // What a message has at its end without a length of its own may be shorter.
                if (sample.TryRecode(sample.Bytes[..size], out byte[]? shorter))
                {
                    Assert.True(sample.HasOpenEnd, $"{sample.Name} cut to {size}");
                    Assert.Equal(sample.Bytes[..size], shorter);
                }
            }

            Assert.True(sample.HasOpenEnd || !sample.TryRecode([.. sample.Bytes, 0], out _), sample.Name);
        }
    }

    [Property(MaxTest = 300)]
    public void Whatever_bytes_come_reading_does_not_throw_and_what_is_accepted_keeps_its_meaning(int seed)
    {
        Random random = new(seed);
        foreach (Sample sample in Samples(seed))
        {
            byte[] mutated = Mutation.Mutate(sample.Bytes, random);
            if (sample.TryRecode(mutated, out byte[]? once))
            {
                // Reserved bits are gone after reading; nothing else changes, however often it is read.
                Assert.Equal(mutated.Length, once!.Length);
                Assert.True(sample.TryRecode(once, out byte[]? twice), sample.Name);
                Assert.Equal(once, twice);
            }
        }
    }

    [Fact]
    public void There_is_a_sample_of_every_message()
    {
        HashSet<string> sampled = [.. Samples(1).Select(static s => s.Name)];
        IEnumerable<MessageDeclaration> declared = [.. SpdmMessageTable.All, .. TdispMessage.All, .. IdeKmMessage.All];
        Assert.Empty(declared.Select(static d => d.Create().GetType().Name).Except(sampled));
    }

    [Fact]
    public void A_transport_may_append_zeros_up_to_its_unit_and_nothing_else()
    {
        byte[] message = new GetCertificate { Length = 1024 }.Encode();

        Assert.True(SpdmMessage.TryDecode(Append(message, 0, 0, 0), default, out _, out int size, out _, padding: 3));
        Assert.Equal(message.Length, size);
        Assert.False(SpdmMessage.TryDecode(Append(message, 0, 0, 0, 0), default, out _, out _, out _, padding: 3));
        Assert.False(SpdmMessage.TryDecode(Append(message, 0, 1, 0), default, out _, out _, out _, padding: 3));
        Assert.False(SpdmMessage.TryDecode(Append(message, 0), default, out _, out _, out _));
    }

    [Fact]
    public void A_message_that_breaks_its_own_rules_is_not_written()
    {
        Assert.Throws<ArgumentException>(() => new GetCertificate { Slot = 8 }.Encode());
        Assert.Throws<ArgumentException>(() => new Challenge { Nonce = new byte[31] }.Encode());
        Assert.Throws<ArgumentException>(() => new KeyUpdate { Operation = 0 }.Encode());
    }

    private static byte[] Append(byte[] message, params byte[] rest) => [.. message, .. rest];

    private static IEnumerable<Sample> Samples(int seed)
    {
        MessageSamples samples = new(seed);
        MessageContext context = MessageSamples.Context;
        foreach (SpdmMessage message in samples.Spdm())
        {
            yield return new Sample(
                message.GetType().Name,
                message.Encode(context),
                bytes => SpdmMessage.TryDecode(bytes, context, out SpdmMessage? read, out _, out _) ? read : null,
                context,
                message is ErrorResponse);
        }

        foreach (TdispMessage message in samples.Tdisp())
        {
            yield return new Sample(
                message.GetType().Name,
                message.Encode(),
                static bytes => TdispMessage.TryDecode(bytes, out TdispMessage? read, out _) ? read : null,
                default,
                message.Code == TdispCode.Error);
        }

        foreach (IdeKmMessage message in samples.IdeKm())
        {
            yield return new Sample(
                message.GetType().Name,
                message.Encode(),
                static bytes => IdeKmMessage.TryDecode(bytes, out IdeKmMessage? read, out _) ? read : null,
                default,
                message.Code == IdeKmCode.QueryResponse);
        }

        yield return new Sample(
            nameof(TdispReport), samples.Report().Encode(), static bytes => TdispReport.TryDecode(bytes, out TdispReport? read, out _) ? read : null, default, false);
        yield return new Sample(
            nameof(DataObject),
            new DataObject { Type = DataObjectType.Spdm, Payload = new byte[8] }.Encode(),
            static bytes => DataObject.TryDecode(bytes, out DataObject? read, out _) ? read : null,
            default,
            false);
    }

    private sealed record Sample(string Name, byte[] Bytes, Func<byte[], WireMessage?> Read, MessageContext Context, bool HasOpenEnd)
    {
        public bool TryRecode(byte[] bytes, out byte[]? again)
        {
            again = Read(bytes)?.Encode(Context);
            return again is not null;
        }
    }
}
