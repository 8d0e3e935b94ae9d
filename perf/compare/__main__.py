"""Runs CoveJit and the emulators it is compared with in turn on the same guests: see perf/README.md.

Prints a table and writes perf/results/<time>.json (every single measurement, host and build identity) and a chart, <time>.svg.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import chart
import domains
import footprint
import openssl
import programs
import table
from emulators import MEMORY, Covejit, Qemu, Rvvm, first_line, load_guest
from rows import Samples
from session import run

SCHEMA = 2
REPOSITORY = Path(__file__).resolve().parent.parent.parent
SOURCES = REPOSITORY / "guest" / "bench"
PARTS = ("boot", "programs", "harts", "footprint")
QUIET_LOAD = 0.5


class Comparison:
    """What is measured; every failure is noted, and everything else goes on."""

    def __init__(self, arguments, emulators, native):
        self.arguments = arguments
        self.emulators = emulators
        self.native = native
        self.guests = {name: load_guest(arguments.guests, name) for name in ("default", "bench", *(part for part in ("disk", "nested") if part in arguments.parts))}
        self.samples = Samples()
        self.failures = []
        own = [source.stem for source in sorted(SOURCES.glob("*.c"))]
        foreign = sorted(file.name for file in (arguments.foreign / "riscv64").iterdir()) if arguments.foreign else []
        chosen = [name for name in own + foreign if not arguments.programs or name in arguments.programs]
        self.single = [name for name in chosen if name not in programs.PARALLEL]
        self.parallel = [name for name in chosen if name in programs.PARALLEL]
        self.copied = [name for name in chosen if name == "coremark"]

    def round(self, number):
        # Another one goes first each time, so that drift of the host favours nobody.
        first = number % len(self.emulators)
        for part in self.arguments.parts:
            for emulator in self.emulators[first:] + self.emulators[:first]:
                print(f"round {number + 1}: {part}, {emulator.name}", file=sys.stderr)
                try:
                    getattr(self, f"measure_{part}")(emulator)
                except (RuntimeError, OSError, subprocess.SubprocessError) as e:
                    print(e, file=sys.stderr)
                    self.failures.append({"round": number, "part": part, "emulator": emulator.name, "message": str(e)})
            if self.native is not None and part in ("programs", "harts"):
                print(f"round {number + 1}: {part}, native", file=sys.stderr)
                self.measure_native(part)

    def measure_boot(self, emulator):
        session = run(emulator, self.guests["default"], "quiet covejit.run=true")
        self.samples.add(emulator.name, "boot_to_init_s", session.ready.wall, session.ready.cpu)
        self.samples.add(emulator.name, "boot_to_power_off_s", session.end.wall, session.end.cpu)
        self.add_instructions(emulator, "boot_million_instructions_per_s", session)

    def measure_programs(self, emulator):
        command = f"SECONDS_EACH={self.arguments.seconds_each} /bench/run {' '.join(self.single)}"
        session = run(emulator, self.guests["bench"], f'quiet covejit.run="{command}"', timeout=self.timeout(self.single))
        self.add_rates(emulator, programs.from_console(session.lines), self.single)
        self.add_instructions(emulator, "programs_million_instructions_per_s", session)

    def measure_harts(self, emulator):
        commands = []
        if self.parallel:
            commands.append(f"SECONDS_EACH={self.arguments.seconds_each} /bench/run {' '.join(self.parallel)}")
        if self.copied:
            commands.append(f"COPIES=2 /bench/run {' '.join(self.copied)}")
        if not commands:
            return
        session = run(emulator, self.guests["bench"], f'quiet covejit.run="{"; ".join(commands)}"', harts=2, timeout=self.timeout(self.parallel + self.copied))
        self.add_rates(emulator, programs.from_console(session.lines), self.parallel + self.copied, "_2_harts")

    def measure_footprint(self, emulator):
        session = run(emulator, self.guests["default"], "quiet", at_ready=footprint.observe)
        for key, value in session.observed.items():
            self.samples.add(emulator.name, key, value)

    def measure_disk(self, emulator):
        guest = self.guests["disk"]
        with tempfile.TemporaryDirectory(dir=self.arguments.guests) as directory:
            # A guest writes to its disk, and what the host has of it in memory must not depend on who was first.
            copy = Path(directory) / "disk.img"
            subprocess.run(["cp", "--sparse=always", guest.disk, copy], check=True)
            session = run(emulator, replace(guest, disk=str(copy)), guest.append + " quiet", timeout=900, at_ready=lambda _: {})
            self.samples.add(emulator.name, "disk_to_login_s", session.ready.wall, session.ready.cpu)
            self.measure_openssl(emulator, replace(guest, disk=str(copy)))

    def measure_openssl(self, emulator, guest):
        append = re.sub(r"\binit=\S+", "", guest.append)
        session = run(emulator, replace(guest, ready_marker=openssl.END), f'{append} quiet init=/bin/sh -- -c "{openssl.command(self.arguments.seconds_each)}"',
                      timeout=self.timeout(openssl.ALGORITHMS), at_ready=lambda _: {})
        for key, rate in openssl.rates([text for _, text in session.lines]).items():
            self.samples.add(emulator.name, key, rate)

    def measure_nested(self, emulator):
        if not emulator.has_hypervisor_extension:
            return
        guest = self.guests["nested"]
        session = run(emulator, guest, guest.append + " quiet", timeout=900)
        inits = [instant for instant, text in session.lines if guest.ready_marker in text]
        if len(inits) != 2:
            raise RuntimeError(f"{emulator.name} did not boot the nested guest")
        self.samples.add(emulator.name, "nested_to_init_s", inits[1].wall, inits[1].cpu)
        self.samples.add(emulator.name, "nested_boot_s", inits[1].wall - inits[0].wall, inits[1].cpu - inits[0].cpu)

    def measure_native(self, part):
        names = [(name, 1, "") for name in self.single if name not in programs.GUESTS_ONLY] if part == "programs" else \
            [(name, 1, "_2_harts") for name in self.parallel] + [(name, 2, "_2_harts") for name in self.copied]
        for name, copies, suffix in names:
            if (rate := self.native.run(name, self.arguments.seconds_each, copies)) is not None:
                self.samples.add("native", name + suffix, rate.per_s, rate.per_cpu_s)

    def add_rates(self, emulator, rates, wanted, suffix=""):
        for name, rate in rates.items():
            self.samples.add(emulator.name, name + suffix, rate.per_s, rate.per_cpu_s, guest_cpu_share=rate.guest_cpu_share, guest_clock=rate.guest_clock)
        if missing := [name for name in wanted if name not in rates]:
            raise RuntimeError(f"{emulator.name} has no result of {', '.join(missing)}")

    def add_instructions(self, emulator, key, session):
        if session.instructions_million is not None:
            # The whole run, start and all.
            self.samples.add(emulator.name, key, session.instructions_million / session.end.wall, session.instructions_million / session.end.cpu)

    def timeout(self, names):
        # CoreMark wants ten seconds after its own calibration; the slowest emulator takes a minute to boot.
        return 300 + 20 * len(names) * max(1, self.arguments.seconds_each)


def prepare_disk(directory, emulator):
    """A copy of the disk guest that has been booted once: the first boot finishes the installation."""
    guest = load_guest(directory, "disk")
    prepared = Path(guest.disk).with_suffix(".prepared.img")
    if not prepared.exists():
        print("preparing the disk guest", file=sys.stderr)
        partial = prepared.with_suffix(".part")
        subprocess.run(["cp", "--sparse=always", guest.disk, partial], check=True)
        # A while after login everything has been written back (ext4 commits every five seconds).
        run(emulator, replace(guest, disk=str(partial)), guest.append, timeout=3600, at_ready=lambda _: time.sleep(15))
        partial.rename(prepared)
    return replace(guest, disk=str(prepared))


def host():
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {"cpu": model.group(1) if model else platform.machine(), "processors": os.cpu_count(),
            "memory_mib": int(memory.group(1)) // 1024, "kernel": platform.release(), "load_1min": os.getloadavg()[0]}


def parse():
    parser = argparse.ArgumentParser(prog="run-bench.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--covejit", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--guests", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--foreign", type=Path, default=os.environ.get("BENCH_PROGRAMS") or None, help="directory with riscv64/ and native/ programs [$BENCH_PROGRAMS]")
    parser.add_argument("--qemu", default="qemu-system-riscv64", help="QEMU's binary [qemu-system-riscv64]")
    parser.add_argument("--rvvm", default=os.environ.get("RVVM") or None, help="RVVM's binary [$RVVM; without it RVVM is left out]")
    parser.add_argument("--rvvm-firmware", default="/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin", help="OpenSBI for RVVM [Debian's fw_jump]")
    parser.add_argument("--rounds", "--pairs", type=int, help=f"times everybody runs everything, in turn [3; with --mpt {domains.ROUNDS}]")
    parser.add_argument("--seconds-each", type=float, default=1, help="about how long each program is measured [1]")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured [all]")
    parser.add_argument("--programs", nargs="+", default=[], help="only these programs")
    parser.add_argument("--disk", action="store_true", help="measure the boot of the guest 'disk' to its login as well")
    parser.add_argument("--nested", action="store_true", help="measure the boot of a guest of the guest's KVM as well")
    parser.add_argument("--mpt", action="store_true", help="compare CoveJit without and with a memory protection table of pages instead; fails if that costs more than it may")
    parser.add_argument("--no-native", action="store_true", help="leave the host's own column out")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = domains.ROUNDS if arguments.mpt else 3
    if arguments.mpt:
        arguments.parts = ["programs"]
        arguments.programs = arguments.programs or list(domains.LIMITS)
    arguments.parts += [part for part in ("disk", "nested") if getattr(arguments, part)]
    return arguments


def write_record(record, started, suffix=""):
    directory = REPOSITORY / "perf" / "results"
    directory.mkdir(exist_ok=True)
    path = directory / f"{started}{suffix}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"\nwritten: {path.relative_to(REPOSITORY)}")
    return path


def main():
    arguments = parse()
    started = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    record = {"schema_version": SCHEMA, "started": started, "host": host(), "commit": first_line("git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"),
              "dotnet": first_line("dotnet", "--version"), "memory": MEMORY, "seconds_each": arguments.seconds_each}
    if record["host"]["load_1min"] > QUIET_LOAD:
        print(f"warning: the host is busy (load average {record['host']['load_1min']:.1f}); these numbers will mean little", file=sys.stderr)

    with tempfile.TemporaryDirectory() as work:
        emulators = domains.emulators(arguments.covejit) if arguments.mpt else [Covejit(arguments.covejit), Qemu(arguments.qemu)]
        if arguments.rvvm and not arguments.mpt:
            if shutil.which("fdtput") is None:
                sys.exit("run-bench.sh: fdtput is missing, which RVVM's boot needs; install the Debian package device-tree-compiler")
            emulators.append(Rvvm(arguments.rvvm, arguments.rvvm_firmware, work))
        native = None if arguments.no_native or arguments.mpt else programs.Native(SOURCES, arguments.foreign, work)
        record["emulators"] = {each.name: each.identity() for each in emulators + ([native] if native else [])}
        comparison = Comparison(arguments, emulators, native)
        if arguments.disk:
            comparison.guests["disk"] = prepare_disk(arguments.guests, emulators[0])
        done = 0
        try:
            for number in range(arguments.rounds):
                comparison.round(number)
                done += 1
        except KeyboardInterrupt:
            record["interrupted"] = True
    record["rounds"] = done
    record["failures"] = comparison.failures
    results = record["results"] = comparison.samples.summary()
    record["host"]["load_1min_at_end"] = os.getloadavg()[0]
    if not results:
        sys.exit("nothing was measured")

    if arguments.mpt:
        if comparison.failures:
            sys.exit("a run failed, so that there are no pairs")
        record["mpt_overhead"] = domains.overheads(results)
        within = domains.write(results)
        write_record(record, started, "-mpt")
        sys.exit(0 if within else 1)

    rivals = [each.name for each in emulators[1:]]
    title = f"{record['host']['cpu']}, {record['host']['processors']} processors; CoveJit {record['commit']}"
    print(title)
    print(f"{'; '.join(filter(None, record['emulators'].values()))}; .NET {record['dotnet']}; rounds: {done}")
    table.write(results, list(record["emulators"]), rivals)
    for failure in comparison.failures:
        print(f"failed: round {failure['round'] + 1}, {failure['part']}, {failure['emulator']}: {failure['message'].splitlines()[0]}")

    path = write_record(record, started)
    chart.write(path.with_suffix(".svg"), results, rivals, title)
    print(f"written: {path.with_suffix('.svg').relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
