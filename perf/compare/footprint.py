"""Resident memory of an emulator, with and without the guest's RAM."""

import time
from pathlib import Path

from emulators import MEMORY_BYTES

_PAGE = 4096
_KERNEL_OFFSET = 2 << 20


def observe(pid):
    time.sleep(2)  # let the shell print its prompt
    resident = _resident_mib(pid)
    return {"resident_at_prompt_mib": resident, "resident_beyond_guest_ram_mib": resident - _guest_ram_mib(pid)}


def _resident_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the process is gone")


def _guest_ram_mib(pid):
    """Resident part of the guest's RAM, which is found by the header of the kernel's image, 2 MiB above its start."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:

        def present(low, high):
            pagemap.seek(low // _PAGE * 8)
            entries = pagemap.read((high - low) // _PAGE * 8)
            return [low + i // 8 * _PAGE for i in range(7, len(entries), 8) if entries[i] & 0x80]

        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            low, high = (int(x, 16) for x in line.split()[0].split("-"))
            if line.split()[1][:2] != "rw" or high - low < MEMORY_BYTES:
                continue
            for address in present(low, high):
                memory.seek(address + 48)
                if memory.read(12) == b"RISCV\0\0\0RSC\x05":
                    base = address - _KERNEL_OFFSET
                    return len(present(base, base + MEMORY_BYTES)) * _PAGE / (1 << 20)
    raise RuntimeError("the guest's RAM was not found")
