"""One run of an emulator: its console with time stamps, and the processor time it took."""

import json
import os
import selectors
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Instant:
    """Seconds since the process was started, and processor seconds (user and system, all threads) it has used by then."""

    wall: float
    cpu: float


@dataclass
class Session:
    lines: list = field(default_factory=list)  # (Instant, text); the end of the line was read then
    ready: Instant | None = None
    end: Instant | None = None
    observed: dict | None = None
    statistics: dict | None = None

    @property
    def instructions_million(self):
        return sum(hart["instructions"] for hart in self.statistics["harts"]) / 1e6 if self.statistics else None


def cpu_seconds(pid):
    # The processor clock of a process, as clock_getcpuclockid(3) makes it: nanoseconds, where /proc/PID/stat counts hundredths.
    return time.clock_gettime((~pid << 3) | 2)


def run(emulator, guest, append, harts=1, timeout=300, at_ready=None):
    """Boots a guest until it powers off, or until at_ready(pid) returns, which is called when the guest's marker is seen."""
    with tempfile.NamedTemporaryFile(suffix=".json") as statistics_file:
        line = emulator.line(guest, append, harts, statistics_file.name)
        session = Session()
        start = time.monotonic()
        process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)
        marker = guest.ready_marker.encode()
        output = b""
        unfinished = b""
        finished = False

        def failure(what):
            return RuntimeError(f"{emulator.name} {what}; it said last:\n{output[-600:].decode(errors='replace')}")

        try:
            while not finished:
                left = start + timeout - time.monotonic()
                if left <= 0:
                    raise failure(f"did not finish in {timeout} s")
                if not selector.select(left):
                    continue
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    break
                now = Instant(time.monotonic() - start, cpu_seconds(process.pid))
                output += chunk
                *complete, unfinished = (unfinished + chunk).split(b"\n")
                session.lines += [(now, text.decode(errors="replace").strip()) for text in complete]
                if session.ready is None and marker in output:
                    session.ready = now
                    if at_ready is not None:
                        session.observed = at_ready(process.pid)
                        finished = True
        except BaseException:
            finished = True
            raise
        finally:
            if finished:
                process.kill()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
            process.stdin.close()
        session.end = Instant(time.monotonic() - start, usage.ru_utime + usage.ru_stime)
        if session.ready is None:
            raise failure("ended without the ready marker")
        text = Path(statistics_file.name).read_text()
        session.statistics = json.loads(text) if text else None
        return session
