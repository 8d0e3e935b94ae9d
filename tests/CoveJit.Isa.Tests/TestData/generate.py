#!/usr/bin/env python3
"""Writes instructions.txt: `hex | disassembly at pc 0x1000`.

What GNU binutils know is assembled and disassembled by them (riscv64-linux-gnu-as and -objdump, 2.40 or later); the newer extensions are
encoded below from the tables of the Unprivileged specification. Run it in this directory after adding an instruction.
"""
import re
import subprocess
import tempfile

PC = 0x1000
MARCH = "rv64imafdh_zicsr_zifencei_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zknd_zkne_zknh_zicbom_zicbop_zicboz_zawrs_zfh_svinval"
RRR = [("a0", "a1", "a2"), ("zero", "t6", "s11"), ("ra", "sp", "zero")]
RR = [("a0", "a1"), ("t6", "zero"), ("s3", "s11")]
lines = []


def three(names, pattern="{} {},{},{}"):
    lines.extend(pattern.format(n, *r) for n in names.split() for r in RRR)


def imm(names, values, pattern="{} {},{},{}"):
    lines.extend(pattern.format(n, *r, v) for n in names.split() for r in RR for v in values)


three("add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw")
three("mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw")
three("add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw andn orn xnor max maxu min minu rol ror rolw rorw")
three("clmul clmulh clmulr bclr bext binv bset pack packh packw xperm4 xperm8")
three("aes64es aes64esm aes64ks2 aes64ds aes64dsm")
imm("addi slti sltiu xori ori andi addiw", [0, 1, -1, 2047, -2048])
imm("slli srli srai slli.uw rori bclri bexti binvi bseti", [0, 1, 31, 32, 63])
imm("slliw srliw sraiw roriw", [0, 1, 31])
imm("aes64ks1i", [0, 1, 10])
for n in "clz ctz cpop clzw ctzw cpopw sext.b sext.h zext.h orc.b rev8 brev8 aes64im sha256sum0 sha256sum1 sha256sig0 sha256sig1 sha512sum0 sha512sum1 sha512sig0 sha512sig1".split():
    lines.extend(f"{n} {d},{s}" for d, s in RR)
for n in "lb lh lw ld lbu lhu lwu sb sh sw sd".split():
    lines.extend(f"{n} {d},{v}({s})" for d, s in RR for v in (0, 1, -1, 2047, -2048))
for n in "flw fld fsw fsd".split():
    lines.extend(f"{n} {d},{v}({s})" for d, s in (("fa0", "a1"), ("ft11", "zero"), ("fs1", "s11")) for v in (0, 1, -1, 2047, -2048))
for n in "lui auipc".split():
    lines.extend(f"{n} {d},{v:#x}" for d in ("a0", "t6") for v in (0, 1, 0x80000, 0xFFFFF, 0x12345))
for n in "beq bne blt bge bltu bgeu".split():
    lines.extend(f"{n} {a},{b},.{o:+}" for a, b in RR for o in (0, 2, -2, 4094, -4096, 1364))
lines.extend(f"jal {d},.{o:+}" for d in ("zero", "ra", "t6") for o in (0, 2, -2, 0xFFFFE, -0x100000, 0x55554))
lines.extend(f"jalr {d},{o}({s})" for d, s in RR for o in (0, 1, -1, 2047, -2048))
for n in "csrrw csrrs csrrc".split():
    lines.extend(f"{n} {d},{c:#x},{s}" for d, s in RR for c in (0x5C0, 0x800, 0xBFF))
for n in "csrrwi csrrsi csrrci".split():
    lines.extend(f"{n} {d},{c:#x},{z}" for d in ("a0", "zero") for c in (0x5C0, 0xBFF) for z in (0, 1, 31))
for n in "amoswap amoadd amoxor amoand amoor amomin amomax amominu amomaxu sc".split():
    for w in "wd":
        for order in ("", ".aq", ".rl", ".aqrl"):
            lines.extend(f"{n}.{w}{order} {d},{b},({a})" for d, a, b in RRR)
for w in "wd":
    for order in ("", ".aq", ".rl", ".aqrl"):
        lines.extend(f"lr.{w}{order} {d},({a})" for d, a in RR)
lines.extend(f"fence {p},{s}" for p in ("i", "o", "r", "w", "rw", "iorw") for s in ("i", "o", "r", "w", "rw", "iorw"))
lines += ["fence.tso", "fence.i", "ecall", "ebreak", "mret", "sret", "wfi", "wrs.nto", "wrs.sto", "sfence.w.inval", "sfence.inval.ir"]
lines.extend(f"{n} {a},{b}" for n in ("sfence.vma", "sinval.vma", "hfence.vvma", "hfence.gvma", "hinval.vvma", "hinval.gvma") for a, b in RR)
lines.extend(f"{n} ({a})" for n in ("cbo.inval", "cbo.clean", "cbo.flush", "cbo.zero") for a in ("a0", "zero", "t6"))
lines.extend(f"{n} {o}({a})" for n in ("prefetch.i", "prefetch.r", "prefetch.w") for a in ("a0", "t6") for o in (0, 32, -32, 2016, -2048))
lines.extend(f"{n} {d},({a})" for n in "hlv.b hlv.bu hlv.h hlv.hu hlvx.hu hlv.w hlv.wu hlvx.wu hlv.d hsv.b hsv.h hsv.w hsv.d".split() for d, a in RR)

with tempfile.TemporaryDirectory() as d:
    with open(d + "/t.s", "w") as out:
        out.write(".option norelax\n" + "\n".join(lines) + "\n")
    subprocess.run(["riscv64-linux-gnu-as", "-march=" + MARCH, "-o", d + "/t.o", d + "/t.s"], check=True)
    # Numbers only: branches to "." would otherwise be left to the linker, so link at PC.
    subprocess.run(["riscv64-linux-gnu-ld", "-Ttext=0x1000000", "-e", "0", "-o", d + "/t", d + "/t.o"], check=True)
    dump = subprocess.run(["riscv64-linux-gnu-objdump", "-d", "-M", "no-aliases", d + "/t"], check=True, capture_output=True, text=True).stdout

rows = []
for line in dump.splitlines():
    found = re.match(r"\s*([0-9a-f]+):\t([0-9a-f]{8})\s+\t?([^#]*)", line)
    if not found:
        continue
    address, word, text = int(found[1], 16), int(found[2], 16), found[3].strip()
    text = re.sub(r"\s*<[^>]*>", "", text).replace("\t", " ")
    if re.match(r"(b|jal )", text) and not re.match(r"(bclr|bext|binv|bset|brev)", text):
        head, target = text.rsplit(",", 1)
        text = f"{head},{(int(target, 16) - address + PC) & (2**64 - 1):#x}"
    rows.append((word, text.replace(",", ", ")))

NUMBER = {"zero": 0, "ra": 1, "sp": 2, "s3": 19, "a0": 10, "a1": 11, "a2": 12, "a3": 13, "a4": 14, "s10": 26, "s11": 27, "t5": 30, "t6": 31}


def r_type(f7, rs2, rs1, f3, rd, opcode):
    return f7 << 25 | rs2 << 20 | NUMBER[rs1] << 15 | f3 << 12 | NUMBER[rd] << 7 | opcode


rows.append((0x0100000F, "pause"))
for name, f3 in (("czero.eqz", 5), ("czero.nez", 7)):
    rows += [(r_type(7, NUMBER[b], a, f3, d, 0x33), f"{name} {d}, {a}, {b}") for d, a, b in RRR]
for name, f7 in (("mfence.pa", 0x19), ("minval.pa", 0x1B)):
    rows += [(r_type(f7, NUMBER[b], a, 0, "zero", 0x73), f"{name} {a}, {b}") for a, b in RR]
AMOS = {"amoswap": 1, "amoadd": 0, "amoxor": 4, "amoand": 12, "amoor": 8, "amomin": 16, "amomax": 20, "amominu": 24, "amomaxu": 28, "amocas": 5}
for name, f5 in AMOS.items():
    for width, f3 in (("b", 0), ("h", 1), ("w", 2), ("d", 3), ("q", 4)):
        if width in "bh" or name == "amocas":
            registers = [("a0", "a1", "a2"), ("zero", "t6", "t5"), ("s10", "sp", "zero")] if width == "q" else RRR
            for ordering, suffix in enumerate(("", ".rl", ".aq", ".aqrl")):
                rows += [(r_type(f5 << 2 | ordering, NUMBER[b], a, f3, d, 0x2F), f"{name}.{width}{suffix} {d}, {b}, ({a})") for d, a, b in registers]
for n in range(32):
    bits = 0x81C04073 | (n >> 4) << 30 | (n >> 2 & 3) << 26 | (n & 3) << 20
    rows += [(bits | NUMBER[a] << 15 | NUMBER[d] << 7, f"mop.r.{n} {d}, {a}") for d, a in RR]
for n in range(8):
    bits = 0x82004073 | (n >> 2) << 30 | (n & 3) << 26
    rows += [(bits | NUMBER[b] << 20 | NUMBER[a] << 15 | NUMBER[d] << 7, f"mop.rr.{n} {d}, {a}, {b}") for d, a, b in RRR]

with open("instructions.txt", "w") as out:
    out.write("# Generated by generate.py: instruction word | disassembly at pc 0x1000\n")
    out.writelines(f"{word:08x} | {text}\n" for word, text in rows)
