using System.Reflection;
using System.Reflection.Emit;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Translator.Emission;

/// <summary>Loads, stores and atomics: one compare against the TLB, one add, the access.</summary>
internal sealed partial class RegionEmitter
{
    private static readonly MethodInfo Exchange32 = typeof(Interlocked).GetMethod(nameof(Interlocked.Exchange), [typeof(int).MakeByRefType(), typeof(int)])!;
    private static readonly MethodInfo Exchange64 = typeof(Interlocked).GetMethod(nameof(Interlocked.Exchange), [typeof(long).MakeByRefType(), typeof(long)])!;
    private static readonly MethodInfo Add32 = typeof(Interlocked).GetMethod(nameof(Interlocked.Add), [typeof(int).MakeByRefType(), typeof(int)])!;
    private static readonly MethodInfo Add64 = typeof(Interlocked).GetMethod(nameof(Interlocked.Add), [typeof(long).MakeByRefType(), typeof(long)])!;

    private readonly Dictionary<Type, LocalBuilder> _values = [];

    private void EmitLoad(in DecodedInstruction instruction)
    {
        Declaration declaration = _semantics.DeclarationOf(instruction.Op);
        EmitEffectiveAddress(instruction.Rs1, instruction.Imm);
        EmitTlbCheck(AccessType.Read, declaration.MemorySize);
        EmitHostAddress(_address);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Volatile);
        if (instruction.Op == Op.Fld)
        {
            // The bits go where they are used, without a detour through an integer register.
            _il.Emit(OpCodes.Ldind_R8);
            _il.Emit(OpCodes.Stloc, _registers.F(instruction.Rd));
            EmitFloatDirty();
            return;
        }

        _il.Emit(LoadOf(declaration.MemoryType));
        LocalBuilder value = ValueOf(declaration.MemoryType);
        _il.Emit(OpCodes.Stloc, value);
        _semantics.EmitValue(instruction, _block.Offset, value);
        _semantics.EmitResult(instruction);
        if (OpInfo.WritesFd(instruction.Op))
        {
            EmitFloatDirty();
        }
    }

    private void EmitStore(in DecodedInstruction instruction)
    {
        int size = _semantics.DeclarationOf(instruction.Op).MemorySize;
        EmitEffectiveAddress(instruction.Rs1, instruction.Imm);
        EmitTlbCheck(AccessType.Write, size);
        EmitHostAddress(_address);
        _il.Emit(OpCodes.Conv_U);
        if (instruction.Op == Op.Fsd)
        {
            _il.Emit(OpCodes.Ldloc, _registers.F(instruction.Rs2));
            _il.Emit(OpCodes.Volatile);
            _il.Emit(OpCodes.Stind_R8);
            return;
        }

        _semantics.EmitValue(instruction, _block.Offset);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(size switch
        {
            1 => OpCodes.Stind_I1,
            2 => OpCodes.Stind_I2,
            4 => OpCodes.Stind_I4,
            _ => OpCodes.Stind_I8,
        });
    }

    // The TLB's compare also refuses operands that are not naturally aligned; pages with flags have no write entry.
    private void EmitAmo(in DecodedInstruction instruction)
    {
        Declaration declaration = _semantics.DeclarationOf(instruction.Op);
        Type type = declaration.MemoryType;
        int size = declaration.MemorySize;
        if (size < 4)
        {
            _il.Emit(OpCodes.Br, InterpretInstead());
            return;
        }

        EmitEffectiveAddress(instruction.Rs1, 0);
        EmitTlbCheck(AccessType.Write, size);
        EmitHostAddress(_address);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Stloc, _entry);
        LocalBuilder old = ValueOf(type);
        switch (instruction.Op)
        {
            case Op.AmoswapW or Op.AmoswapD:
                _il.Emit(OpCodes.Ldloc, _entry);
                EmitWord(instruction.Rs2, size);
                _il.Emit(OpCodes.Call, size == 4 ? Exchange32 : Exchange64);
                _il.Emit(OpCodes.Stloc, old);
                break;
            case Op.AmoaddW or Op.AmoaddD:
                _il.Emit(OpCodes.Ldloc, _entry);
                EmitWord(instruction.Rs2, size);
                _il.Emit(OpCodes.Call, size == 4 ? Add32 : Add64);
                EmitWord(instruction.Rs2, size);
                _il.Emit(OpCodes.Sub);
                _il.Emit(OpCodes.Stloc, old);
                break;
            default:
                EmitCompareExchangeLoop(instruction, type, old);
                break;
        }

        if (instruction.Rd != Harts.State.HartState.Sink)
        {
            _il.Emit(OpCodes.Ldloc, old);
            _il.Emit(size == 4 ? OpCodes.Conv_I4 : OpCodes.Nop);
            _il.Emit(OpCodes.Conv_I8);
            _il.Emit(OpCodes.Stloc, _registers.X(instruction.Rd)!);
        }
    }

    private void EmitCompareExchangeLoop(in DecodedInstruction instruction, Type type, LocalBuilder old)
    {
        MethodInfo exchange = typeof(Interlocked).GetMethod(nameof(Interlocked.CompareExchange), [type.MakeByRefType(), type, type])!;
        Label again = _il.DefineLabel();
        _il.MarkLabel(again);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(LoadOf(type));
        _il.Emit(OpCodes.Stloc, old);
        _il.Emit(OpCodes.Ldloc, _entry);
        _semantics.EmitValue(instruction, _block.Offset, old);
        _il.Emit(OpCodes.Ldloc, old);
        _il.Emit(OpCodes.Call, exchange);
        _il.Emit(OpCodes.Ldloc, old);
        _il.Emit(OpCodes.Bne_Un, again);
    }

    private void EmitWord(int register, int size)
    {
        _semantics.EmitRegister(register);
        if (size == 4)
        {
            _il.Emit(OpCodes.Conv_I4);
        }
    }

    private void EmitEffectiveAddress(int register, int offset)
    {
        _semantics.EmitRegister(register);
        if (offset != 0)
        {
            _il.LoadConstant(offset);
            _il.Emit(OpCodes.Add);
        }

        _il.Emit(OpCodes.Stloc, _address);
    }

    // Compares the address in _address with its TLB entry, which stays in _entry; leaves before the instruction if they differ.
    private void EmitTlbCheck(AccessType access, int size)
    {
        EmitTlbEntry(_address, -1, access);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Ldloc, _address);
        _il.LoadConstant(PageMask | (uint)(size - 1));
        _il.Emit(OpCodes.And);
        _il.Emit(OpCodes.Bne_Un, InterpretInstead());
    }

    // _entry = the TLB entry for an address, in the data bank or in the bank a state field points to.
    private void EmitTlbEntry(LocalBuilder address, int bankField, AccessType access)
    {
        _il.Emit(OpCodes.Ldloc, address);
        _il.Emit(OpCodes.Ldc_I4, 8);
        _il.Emit(OpCodes.Shr_Un);
        _il.Emit(OpCodes.Conv_U4);
        _il.Emit(OpCodes.Ldc_I4, (TlbBank.Entries - 1) << 4);
        _il.Emit(OpCodes.And);
        _il.Emit(OpCodes.Conv_U);
        if (bankField < 0)
        {
            _il.Emit(OpCodes.Ldloc, _dataBank);
        }
        else
        {
            _il.LoadState(bankField, OpCodes.Ldind_I);
        }

        _il.Emit(OpCodes.Add);
        if (access != AccessType.Read)
        {
            _il.Emit(OpCodes.Ldc_I4, (int)access * TlbBank.ArraySize);
            _il.Emit(OpCodes.Add);
        }

        _il.Emit(OpCodes.Stloc, _entry);
    }

    // Pushes the host address of a guest address whose TLB entry is in _entry.
    private void EmitHostAddress(LocalBuilder address)
    {
        _il.Emit(OpCodes.Ldloc, address);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldc_I4, sizeof(ulong));
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Add);
    }

    private LocalBuilder ValueOf(Type type)
    {
        if (!_values.TryGetValue(type, out LocalBuilder? local))
        {
            local = _il.DeclareLocal(type);
            _values.Add(type, local);
        }

        return local;
    }

    private static OpCode LoadOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => OpCodes.Ldind_U1,
        TypeCode.SByte => OpCodes.Ldind_I1,
        TypeCode.UInt16 => OpCodes.Ldind_U2,
        TypeCode.Int16 => OpCodes.Ldind_I2,
        TypeCode.UInt32 => OpCodes.Ldind_U4,
        TypeCode.Int32 => OpCodes.Ldind_I4,
        _ => OpCodes.Ldind_I8,
    };
}
