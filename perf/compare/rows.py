"""The rows of the table, in order, and what is computed from the samples."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    key: str
    label: str
    unit: str
    smaller_is_better: bool = False


GROUPS = {
    "Integer": [
        Row("coremark", "CoreMark", "iterations/s"),
        Row("dhrystone", "Dhrystone", "runs/s"),
        Row("mix", "mix", "iterations/s"),
        Row("fib", "fib (calls)", "iterations/s"),
        Row("sieve", "sieve", "iterations/s"),
        Row("indirect", "indirect calls", "iterations/s"),
        Row("codegen", "new code", "iterations/s"),
    ],
    "Floating point": [
        Row("nbody", "nbody", "steps/s"),
        Row("mandelbrot", "mandelbrot", "pictures/s"),
        Row("matmul", "matmul", "products/s"),
    ],
    "Memory": [
        Row("memcpy", "memcpy", "MiB/s"),
        Row("qsort", "qsort", "sorts/s"),
        Row("chase", "pointer chase, 64 MiB", "1024 steps/s"),
    ],
    "System": [
        Row("getppid", "getppid", "calls/s"),
        Row("register", "device register", "reads/s"),
        Row("pagefault", "page faults", "256 faults/s"),
        Row("fork", "fork + wait", "processes/s"),
        Row("exec", "fork + exec", "processes/s"),
        Row("pipe", "pipe ping-pong", "round trips/s"),
        Row("shell", "shell loop", "1000 turns/s"),
    ],
    "Tools": [
        Row("sha256", "busybox sha256sum", "4 MiB/s"),
        Row("gzip", "busybox gzip", "512 KiB/s"),
        Row("openssl_sha256", "openssl SHA-256", "MB/s"),
        Row("openssl_aes-256-gcm", "openssl AES-256-GCM", "MB/s"),
        Row("openssl_ecdsap256", "openssl ECDSA P-256", "signatures/s"),
    ],
    "Two harts": [
        Row("coremark_2_harts", "CoreMark, 2 copies", "iterations/s"),
        Row("threads_2_harts", "sieve, 2 threads", "iterations/s"),
    ],
    "Boot": [
        Row("boot_to_init_s", "start to init", "s", True),
        Row("boot_to_power_off_s", "start to power-off", "s", True),
        Row("disk_to_login_s", "Debian disk to login", "s", True),
        Row("nested_to_init_s", "start to nested init", "s", True),
        Row("nested_boot_s", "init to nested init", "s", True),
    ],
    "Footprint": [
        Row("resident_at_prompt_mib", "resident at prompt", "MiB", True),
        Row("resident_beyond_guest_ram_mib", "beyond guest RAM", "MiB", True),
    ],
    "CoveJit alone": [
        Row("boot_million_instructions_per_s", "boot", "million instr/s"),
        Row("programs_million_instructions_per_s", "boot and programs", "million instr/s"),
    ],
}


class Samples:
    """Every measurement: by emulator, by row, in the order in which they were made."""

    def __init__(self):
        self._values = {}

    def add(self, emulator, key, value, cpu_value=None, **more):
        sample = {"value": value} | ({"cpu_value": cpu_value} if cpu_value is not None else {}) | more
        self._values.setdefault(emulator, {}).setdefault(key, []).append(sample)

    def summary(self):
        return {emulator: {key: self._summarise(samples) for key, samples in rows.items()} for emulator, rows in self._values.items()}

    @staticmethod
    def _summarise(samples):
        values = [sample["value"] for sample in samples]
        cpu_values = [sample["cpu_value"] for sample in samples if "cpu_value" in sample]
        return {"median": statistics.median(values), "least": min(values), "most": max(values),
                "cpu_median": statistics.median(cpu_values) if cpu_values else None, "samples": samples}


def spread(summary):
    return (summary["most"] - summary["least"]) / summary["median"] if summary["median"] else 0


def groups(results):
    """Rows that somebody has a value for, by group; programs that the table does not know come last."""
    present = {key for rows in results.values() for key in rows}
    found = {name: [row for row in rows if row.key in present] for name, rows in GROUPS.items()}
    known = {row.key for rows in GROUPS.values() for row in rows}
    found["Other"] = [Row(key, key, "iterations/s") for key in sorted(present - known)]
    return {name: rows for name, rows in found.items() if rows}


def advantage(row, results, rivals, field="median"):
    """(rival, ratio): the better of the rivals, and how many times better than it CoveJit is; None without two values."""

    def value(name):
        return results.get(name, {}).get(row.key, {}).get(field)

    values = {name: value(name) for name in rivals if value(name)}
    ours = value("covejit")
    if not values or not ours:
        return None
    best = (min if row.smaller_is_better else max)(values, key=values.get)
    return best, values[best] / ours if row.smaller_is_better else ours / values[best]
