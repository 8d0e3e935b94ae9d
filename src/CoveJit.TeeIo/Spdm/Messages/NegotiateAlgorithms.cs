using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>NEGOTIATE_ALGORITHMS: the algorithms that the requester supports.</summary>
public sealed class NegotiateAlgorithms : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.NegotiateAlgorithms;

    /// <summary>MeasurementSpecification: bit 0 is DMTF's.</summary>
    public byte MeasurementSpecification { get; set; } = 1;

    /// <summary>OpaqueDataFmt, bits 3:0 of OtherParamsSupport.</summary>
    public OpaqueDataFormats OpaqueDataFormats { get; set; }

    /// <summary>BaseAsymAlgo; bits unknown to this library are kept.</summary>
    public BaseAsymmetricAlgorithms BaseAsymmetric { get; set; }

    /// <summary>BaseHashAlgo; bits unknown to this library are kept.</summary>
    public BaseHashAlgorithms BaseHash { get; set; }

    /// <summary>The algorithm structures, in the order of their types.</summary>
    public IReadOnlyList<AlgorithmStructure> Structures { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        byte count = f.U8("Param1: number of algorithm structures", checked((byte)Structures.Count));
        f.Reserved(1);
        f.MessageLength16("Length");
        MeasurementSpecification = f.U8("MeasurementSpecification", MeasurementSpecification);
        OpaqueDataFormats = (OpaqueDataFormats)(f.U8("OtherParamsSupport", (byte)OpaqueDataFormats) & 0xF);
        BaseAsymmetric = (BaseAsymmetricAlgorithms)f.U32("BaseAsymAlgo", (uint)BaseAsymmetric);
        BaseHash = (BaseHashAlgorithms)f.U32("BaseHashAlgo", (uint)BaseHash);
        f.Reserved(12);
        byte asymmetric = f.U8("ExtAsymCount", 0);
        byte hash = f.U8("ExtHashCount", 0);
        f.Check(asymmetric + hash <= 20, "there are at most 20 extended algorithms");
        f.Reserved(2);
        f.Bytes("ExtAsym", [], new FieldSize(asymmetric * 4, "4 x ExtAsymCount"));
        f.Bytes("ExtHash", [], new FieldSize(hash * 4, "4 x ExtHashCount"));
        Structures = f.List("structure", Structures, new FieldSize(count, "Param1"), AlgorithmStructure.Visit);
        f.Check(AlgorithmStructure.InOrder(Structures), "structures are in the order of their types, each once");
    }
}
