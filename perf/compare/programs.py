"""The benchmark programs: what they print, and their run on the host itself."""

import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# Figures that programs of others print, by the name of the program.
_FOREIGN = {
    "coremark": re.compile(r"Iterations/Sec\s*:\s*([0-9.]+)"),
    "dhrystone": re.compile(r"Dhrystones per Second:\s*([0-9.]+)"),
}

# They need a device that the host may not have.
GUESTS_ONLY = ("register",)

# Run on two harts, not on one.
PARALLEL = ("threads",)


@dataclass
class Rate:
    """Iterations a second of wall time, and a second of the processor time of everything that was needed for it."""

    per_s: float
    per_cpu_s: float
    guest_cpu_share: float | None = None  # processor seconds a second, as the guest's kernel counts them
    guest_clock: float | None = None  # the guest's seconds in a second of the host


def from_console(lines):
    """Rates by program from the console of a guest. Figures of foreign programs that ran at the same time are added up."""
    rates = {}
    started = {}
    figures = []

    def add(name, rate, now, cpu_seconds=None, seconds=None):
        wall = now.wall - started[name].wall
        cpu = now.cpu - started[name].cpu
        rates[name] = Rate(rate, rate * wall / cpu, cpu_seconds and cpu_seconds / seconds, seconds and seconds / wall)

    for now, line in lines:
        if line.startswith('{"start"'):
            started[json.loads(line)["start"]] = now
            figures = []
        elif line.startswith('{"name"'):
            result = json.loads(line)
            add(result["name"], result["iterations"] / result["seconds"], now, result["cpu_seconds"], result["seconds"])
        elif line.startswith('{"end"'):
            if figures:
                add(json.loads(line)["end"], sum(figures), now)
        else:
            figures += _figures(line)
    return rates


def _figures(line):
    return [float(match.group(1)) for pattern in _FOREIGN.values() if (match := pattern.match(line))]


class Native:
    """The same sources, compiled by the host's gcc with the same options, on the host."""

    name = "native"

    def __init__(self, sources, foreign, work):
        self.work = Path(work) / "native"
        self.work.mkdir()
        self.foreign = Path(foreign) / "native" if foreign else None
        self.own = {}
        for source in sorted(Path(sources).glob("*.c")):
            program = self.work / source.stem
            subprocess.run(["gcc", "-O2", "-Wall", "-pthread", "-o", program, source, "-lm"], check=True)
            self.own[source.stem] = program

    @staticmethod
    def identity():
        return subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=False).stdout.splitlines()[0]

    def run(self, name, seconds_each, copies=1):
        """The program's rate, or None where the host has no such program."""
        if name in self.own:
            output, _ = self._run([self.own[name], str(seconds_each)], 1)
            for line in output.splitlines():
                if line.startswith('{"name"'):
                    result = json.loads(line)
                    return Rate(result["iterations"] / result["seconds"], result["iterations"] / max(result["cpu_seconds"], 1e-6))
        elif self.foreign is not None and (self.foreign / name).exists():
            output, share = self._run([self.foreign / name], copies)
            if figures := [figure for line in output.splitlines() for figure in _figures(line)]:
                return Rate(sum(figures), sum(figures) / share)
        return None

    def _run(self, command, copies):
        start = time.monotonic()
        # Each into a file of its own: whoever does not read cannot hold the other up.
        logs = [(self.work / f"log{i}").open("w+") for i in range(copies)]
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.DEVNULL) for log in logs]
        cpu = 0
        for process in processes:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
        share = cpu / (time.monotonic() - start)
        output = ""
        for log in logs:
            log.seek(0)
            output += log.read()
            log.close()
        return output, share
