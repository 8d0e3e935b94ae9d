#!/usr/bin/env python3
"""Runs CoveJit and QEMU in interleaved pairs on the same guests and compares them: see perf/README.md.

Prints a table and writes perf/results/<time>.json: schema version, host and build identity, every single measurement.
"""

import argparse
import json
import os
import platform
import re
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCHEMA = 1
HARTS = 1
MEMORY = "1G"
GUEST_RAM = 1 << 30
KERNEL_OFFSET = 2 << 20
REPOSITORY = Path(__file__).resolve().parent.parent


class Covejit:
    name = "covejit"

    def __init__(self, command):
        self.command = command

    def line(self, guest, append, statistics_file):
        return [self.command, "run", "--kernel", guest["kernel"], "--initrd", guest["initrd"], "--append", append,
                "--smp", str(HARTS), "--memory", MEMORY, "--stats", statistics_file]


class Qemu:
    name = "qemu"

    def __init__(self, command):
        self.command = command

    def line(self, guest, append, _):
        return [self.command, "-machine", "virt", "-cpu", "rv64", "-nographic", "-no-reboot", "-net", "none", "-kernel", guest["kernel"],
                "-initrd", guest["initrd"], "-append", append, "-smp", str(HARTS), "-m", MEMORY]


def load_guest(directory, name):
    description = json.loads((directory / f"{name}.json").read_text())
    for key in ("kernel", "initrd"):
        description[key] = str(directory / description[key])
    return description


def resident_mib(pid):
    """Resident memory of a process in MiB, by kind: VmRSS, RssAnon, RssFile, RssShmem."""
    values = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, rest = line.partition(":")
        if key in ("VmRSS", "RssAnon", "RssFile", "RssShmem"):
            values[key] = int(rest.split()[0]) / 1024
    return values


def guest_ram_touched_mib(pid):
    """Resident part of the guest's RAM, which is found by the header of the kernel's image, 2 MiB above its start."""
    page = 4096
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:

        def present(low, high):
            pagemap.seek(low // page * 8)
            entries = pagemap.read((high - low) // page * 8)
            return [low + i // 8 * page for i in range(7, len(entries), 8) if entries[i] & 0x80]

        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            low, high = (int(x, 16) for x in line.split()[0].split("-"))
            if line.split()[1][:2] != "rw" or high - low < GUEST_RAM:
                continue
            for address in present(low, high):
                memory.seek(address + 48)
                if memory.read(12) == b"RISCV\0\0\0RSC\x05":
                    base = address - KERNEL_OFFSET
                    return len(present(base, base + GUEST_RAM)) * page / (1 << 20)
    raise RuntimeError("the guest's RAM was not found")


def run(emulator, guest, append, timeout, at_marker=None):
    """Boots a guest; returns its console output, seconds until the ready marker and until the end, and statistics.

    at_marker(process) is called when the marker is seen and ends the run.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as statistics_file:
        start = time.monotonic()
        process = subprocess.Popen(emulator.line(guest, append, statistics_file.name), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, cwd=REPOSITORY)
        output = b""
        marker = guest["readyMarker"].encode()
        ready = None
        observed = None
        ended = False
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)
        try:
            while True:
                left = start + timeout - time.monotonic()
                if left <= 0:
                    raise RuntimeError(f"{emulator.name} did not finish in {timeout} s; it said last:\n{output[-600:].decode(errors='replace')}")
                if not selector.select(left):
                    continue
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    ended = True
                    break
                output += chunk
                if ready is None and marker in output:
                    ready = time.monotonic() - start
                    if at_marker is not None:
                        time.sleep(2)  # let the shell print its prompt
                        observed = at_marker(process)
                        break
        finally:
            if not ended:
                process.kill()
            process.wait()
            process.stdout.close()
            process.stdin.close()
        seconds = time.monotonic() - start
        if ready is None:
            raise RuntimeError(f"{emulator.name} ended without the ready marker:\n{output[-600:].decode(errors='replace')}")
        text = Path(statistics_file.name).read_text()
        return {"output": output.decode(errors="replace"), "ready_s": ready, "total_s": seconds, "observed": observed,
                "statistics": json.loads(text) if text else None}


def programs(output):
    """Rates a second of the guest's benchmark programs, from their JSON lines, and CoreMark's score if it ran."""
    rates = {}
    for line in output.splitlines():
        line = line.strip()
        if line.startswith('{"name"'):
            result = json.loads(line)
            rates[f"{result['name']}_per_s"] = result["iterations"] / result["seconds"]
        elif match := re.match(r"Iterations/Sec\s*:\s*([0-9.]+)", line):
            rates["coremark_iterations_per_s"] = float(match.group(1))
    return rates


def measure_pair(emulators, guests, seconds_each, results):
    for emulator in emulators:
        into = results.setdefault(emulator.name, {})

        def add(name, value):
            into.setdefault(name, []).append(value)

        boot = run(emulator, guests["default"], "quiet covejit.run=true", 300)
        add("boot_to_init_s", boot["ready_s"])
        add("boot_to_power_off_s", boot["total_s"])
        if boot["statistics"]:
            instructions = sum(hart["instructions"] for hart in boot["statistics"]["harts"])
            add("boot_instructions_million", instructions / 1e6)
            add("boot_million_instructions_per_s", instructions / 1e6 / boot["total_s"])

        bench = run(emulator, guests["bench"], f'quiet covejit.run="SECONDS_EACH={seconds_each} /bench/run"', 900)
        for name, rate in programs(bench["output"]).items():
            add(name, rate)
        if bench["statistics"]:
            instructions = sum(hart["instructions"] for hart in bench["statistics"]["harts"])
            add("bench_million_instructions_per_s", instructions / 1e6 / bench["total_s"])

        if "coremark_iterations_per_s" in into:
            single = run(emulator, guests["bench"], 'quiet covejit.run="/bench/run coremark"', 900)
            if single["statistics"]:
                # The boot's share is small but counted: whole run, whole time.
                instructions = sum(hart["instructions"] for hart in single["statistics"]["harts"])
                add("coremark_run_million_instructions_per_s", instructions / 1e6 / single["total_s"])

        memory = run(emulator, guests["default"], "quiet", 300,
                     lambda process: {"resident_mib": resident_mib(process.pid)["VmRSS"], "guest_ram_mib": guest_ram_touched_mib(process.pid)})
        add("resident_at_prompt_mib", memory["observed"]["resident_mib"])
        add("resident_beyond_guest_ram_mib", memory["observed"]["resident_mib"] - memory["observed"]["guest_ram_mib"])


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False).stdout.splitlines()[0]
    except (OSError, IndexError):
        return None


def host():
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {"cpu": model.group(1) if model else platform.machine(), "processors": os.cpu_count(),
            "memory_mib": int(memory.group(1)) // 1024, "kernel": platform.release(), "load_1min": os.getloadavg()[0]}


def summarise(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "values": values}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--covejit", required=True)
    parser.add_argument("--qemu", default="qemu-system-riscv64")
    parser.add_argument("--guests", type=Path, required=True, help="directory with default.json and bench.json")
    parser.add_argument("--pairs", type=int, default=3, help="times each emulator runs everything, in turn (3)")
    parser.add_argument("--seconds-each", type=float, default=1, help="least run of one guest program (1)")
    arguments = parser.parse_args()

    guests = {name: load_guest(arguments.guests, name) for name in ("default", "bench")}
    emulators = [Covejit(str(Path(arguments.covejit).resolve())), Qemu(arguments.qemu)]
    started = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    record = {"schema_version": SCHEMA, "started": started, "host": host(),
              "covejit": first_line("git", "describe", "--always", "--dirty"), "dotnet": first_line("dotnet", "--version"),
              "qemu": first_line(arguments.qemu, "--version"), "harts": HARTS, "memory": MEMORY,
              "pairs": arguments.pairs, "seconds_each": arguments.seconds_each}
    results = {}
    try:
        for pair in range(arguments.pairs):
            print(f"pair {pair + 1} of {arguments.pairs}", file=sys.stderr)
            # Swap who goes first, so that drift of the host favours neither.
            measure_pair(emulators if pair % 2 == 0 else emulators[::-1], guests, arguments.seconds_each, results)
    except KeyboardInterrupt:
        record["interrupted"] = True
        if len(results) < len(emulators):
            sys.exit("interrupted before anything was measured")
    record["results"] = {name: {key: summarise(values) for key, values in each.items()} for name, each in results.items()}

    print(f"{record['host']['cpu']}, {record['host']['processors']} processors; {record['qemu']}; .NET {record['dotnet']}")
    print(f"{'':40}{'covejit':>12}{'spread':>9}{'qemu':>12}{'spread':>9}{'covejit/qemu':>14}")
    ours, theirs = record["results"]["covejit"], record["results"]["qemu"]
    for key in ours:
        cells = f"{key:40}"
        for each in (ours, theirs):
            if key in each:
                s = each[key]
                cells += f"{s['median']:12.5g}{(s['most'] - s['least']) / s['median'] * 100:8.1f}%"
            else:
                cells += f"{'-':>12}{'-':>9}"
        cells += f"{ours[key]['median'] / theirs[key]['median']:14.3f}" if key in theirs else f"{'-':>14}"
        print(cells)

    directory = REPOSITORY / "perf" / "results"
    directory.mkdir(exist_ok=True)
    path = directory / f"{started}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"written: {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
