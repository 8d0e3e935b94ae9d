using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>ALGORITHMS: the algorithms that the responder selected, one of each kind.</summary>
public sealed class AlgorithmsResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Algorithms;

    /// <summary>MeasurementSpecificationSel: 1 is DMTF's, 0 none.</summary>
    public byte MeasurementSpecification { get; set; }

    /// <summary>OpaqueDataFmt, bits 3:0 of OtherParamsSelection.</summary>
    public OpaqueDataFormats OpaqueDataFormat { get; set; }

    /// <summary>MeasurementHashAlgo.</summary>
    public MeasurementHashAlgorithms MeasurementHash { get; set; }

    /// <summary>BaseAsymSel.</summary>
    public BaseAsymmetricAlgorithms BaseAsymmetric { get; set; }

    /// <summary>BaseHashSel.</summary>
    public BaseHashAlgorithms BaseHash { get; set; }

    /// <summary>The algorithm structures, in the order of their types.</summary>
    public IReadOnlyList<AlgorithmStructure> Structures { get; set; } = [];

    /// <summary>The selection of a structure, or 0.</summary>
    /// <param name="type">AlgType.</param>
    public ushort Selected(AlgorithmType type) => Structures.FirstOrDefault(s => s.Type == type).Bits;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        byte count = f.U8("Param1: number of algorithm structures", checked((byte)Structures.Count));
        f.Reserved(1);
        f.MessageLength16("Length");
        MeasurementSpecification = f.U8("MeasurementSpecificationSel", MeasurementSpecification);
        OpaqueDataFormat = (OpaqueDataFormats)(f.U8("OtherParamsSelection", (byte)OpaqueDataFormat) & 0xF);
        MeasurementHash = (MeasurementHashAlgorithms)f.U32("MeasurementHashAlgo", (uint)MeasurementHash);
        BaseAsymmetric = (BaseAsymmetricAlgorithms)f.U32("BaseAsymSel", (uint)BaseAsymmetric);
        BaseHash = (BaseHashAlgorithms)f.U32("BaseHashSel", (uint)BaseHash);
        f.Reserved(12);
        byte asymmetric = f.U8("ExtAsymSelCount", 0);
        byte hash = f.U8("ExtHashSelCount", 0);
        f.Check(asymmetric + hash == 0, "no extended algorithm is selected");
        f.Reserved(2);
        Structures = f.List("structure", Structures, new FieldSize(count, "Param1"), AlgorithmStructure.Visit);
        f.Check(AlgorithmStructure.InOrder(Structures), "structures are in the order of their types, each once");
        f.Check(
            FieldVisitor.OneBitAtMost(MeasurementSpecification) && FieldVisitor.OneBitAtMost((uint)OpaqueDataFormat) && FieldVisitor.OneBitAtMost((uint)MeasurementHash)
                && FieldVisitor.OneBitAtMost((uint)BaseAsymmetric) && FieldVisitor.OneBitAtMost((uint)BaseHash)
                && Structures.All(s => FieldVisitor.OneBitAtMost(s.Bits) && s.ExtendedCount == 0),
            "a selection has at most one bit");
    }
}
