"""The emulators that are compared: how each is told to boot a guest."""

import gzip
import json
import os
import re
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

MEMORY = "1G"
MEMORY_BYTES = 1 << 30


@dataclass(frozen=True)
class Guest:
    """A guest as `covejit guest build` describes it."""

    name: str
    kernel: str
    initrd: str
    disk: str | None
    append: str
    ready_marker: str


def load_guest(directory, name):
    description = json.loads((directory / f"{name}.json").read_text())

    def place(key):
        return str(directory / description[key]) if description.get(key) else None

    return Guest(name, place("kernel"), place("initrd"), place("disk"), description["append"], description["readyMarker"])


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0]
    except (OSError, IndexError):
        return None


class Covejit:
    has_hypervisor_extension = True

    def __init__(self, command, name="covejit", options=()):
        self.command = str(Path(command).resolve())
        self.name = name
        self.options = options

    def identity(self):
        return first_line(self.command, "--version")

    def line(self, guest, append, harts, statistics_file):
        drive = ["--drive", guest.disk] if guest.disk else []
        return [self.command, "run", "--kernel", guest.kernel, "--initrd", guest.initrd, "--append", append, *drive,
                "--smp", str(harts), "--memory", MEMORY, *self.options, "--stats", statistics_file]


class Qemu:
    name = "qemu"
    has_hypervisor_extension = True

    def __init__(self, command):
        self.command = command

    def identity(self):
        return first_line(self.command, "--version")

    def line(self, guest, append, harts, _):
        drive = ["-drive", f"file={guest.disk},format=raw,if=none,id=disk", "-device", "virtio-blk-device,drive=disk"] if guest.disk else []
        processor = "rv64,h=true" if guest.name == "nested" else "rv64"
        return [self.command, "-machine", "virt", "-cpu", processor, "-nographic", "-no-reboot", "-net", "none", "-kernel", guest.kernel,
                "-initrd", guest.initrd, "-append", append, *drive, "-smp", str(harts), "-m", MEMORY]


class Rvvm:
    """RVVM has no option for an initramfs, and its device tree promises what OpenSBI 1.1 does not hand on.

    So the kernel is given as one file with the initramfs behind it, and the device tree that RVVM dumps is
    given back with three changes: where the initramfs is, the command line, and no Zkr (the kernel would
    read the seed register before it can take a trap).
    """

    name = "rvvm"
    has_hypervisor_extension = False

    _KERNEL = 0x8020_0000
    _INITRD = 0x8400_0000  # beyond the kernel and the device tree, which OpenSBI's fw_jump puts at 0x82200000

    def __init__(self, command, firmware, work):
        self.command = str(Path(command).resolve())
        self.firmware = firmware
        self.work = Path(work)
        self._bundles = {}

    def identity(self):
        text = subprocess.run([self.command, "-h"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"RVVM \((v[^)]*)\)", text)
        return f"RVVM {version.group(1)}" if version else "RVVM"

    def line(self, guest, append, harts, _):
        append = append.replace("/dev/vda", "/dev/nvme0n1")
        kernel, initrd_end = self._bundle(guest)
        line = [self.command, self.firmware, "-k", kernel, "-m", MEMORY, "-smp", str(harts), "-nogui", "-nonet"]
        if guest.disk:
            line.append(f"-nvme={guest.disk}")
        return [*line, f"-dtb={self._device_tree(line, append, initrd_end)}"]

    def _bundle(self, guest):
        if guest.initrd not in self._bundles:
            kernel = Path(guest.kernel).read_bytes()
            if kernel[:2] == b"\x1f\x8b":
                kernel = gzip.decompress(kernel)
            if kernel[48:56] != b"RISCV\0\0\0":
                raise RuntimeError(f"{guest.kernel} is not a plain RISC-V Image, which is all that RVVM can load")
            if self._KERNEL + struct.unpack("<Q", kernel[16:24])[0] > self._INITRD:
                raise RuntimeError(f"{guest.kernel} is too large for the place of the initramfs")
            initrd = Path(guest.initrd).read_bytes()
            path = self.work / f"rvvm-{guest.name}.bin"
            with path.open("wb") as file:
                file.write(kernel)
                file.seek(self._INITRD - self._KERNEL)
                file.write(initrd)
            self._bundles[guest.initrd] = str(path), self._INITRD + len(initrd)
        return self._bundles[guest.initrd]

    def _device_tree(self, line, append, initrd_end):
        path = self.work / "rvvm.dtb"
        path.unlink(missing_ok=True)
        # It dumps the tree and boots.
        dump = subprocess.Popen([*line, f"-dumpdtb={path}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not self._is_complete(path):
                if time.monotonic() > deadline or dump.poll() is not None:
                    raise RuntimeError("rvvm did not dump its device tree")
                time.sleep(0.02)
        finally:
            dump.kill()
            dump.wait()

        def get(node, name):
            return subprocess.run(["fdtget", path, node, name], capture_output=True, text=True, check=True).stdout.strip()

        def put(kind, node, name, *values):
            subprocess.run(["fdtput", "-t", kind, path, node, name, *values], check=True)

        for hart in range(int(line[line.index("-smp") + 1])):
            put("s", f"/cpus/cpu@{hart}", "riscv,isa", get(f"/cpus/cpu@{hart}", "riscv,isa").replace("_zkr", ""))
        put("s", "/chosen", "bootargs", append)
        put("x", "/chosen", "linux,initrd-start", "0", f"{self._INITRD:x}")
        put("x", "/chosen", "linux,initrd-end", "0", f"{initrd_end:x}")
        return path

    @staticmethod
    def _is_complete(path):
        header = path.read_bytes() if path.exists() else b""
        return len(header) >= 8 and os.path.getsize(path) >= struct.unpack(">I", header[4:8])[0]
