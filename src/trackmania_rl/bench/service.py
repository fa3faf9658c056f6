"""A service as a process of its own, to measure it, and to hurt it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trackmania_rl.protocol.errors import InputError

START_TIMEOUT = 50.0
"""Longest wait for a service [s]."""
STOP_TIMEOUT = 30.0
"""Longest wait for one that was asked to stop; it is killed then [s]."""


@dataclass
class Started:
    """A service that was started from here.

    Attributes:
        line: Its command line.
        url: Where it answers.
        data: Its data volume.
        environment: Further environment variables.
        process: The process, while there is one.
    """

    line: list[str]
    url: str
    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            InputError: It does not.
        """
        self.process = subprocess.Popen(
            self.line,
            env={**os.environ, **self.environment, "TRACKMANIA_RL_DATA": str(self.data)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not answers(self.url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise InputError(f"`{' '.join(self.line)}` does not start: run it by hand to see why")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9: it notices nothing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def memory(self) -> float:
        """What it has in memory [MB]."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024.0

    @property
    def cpu_seconds(self) -> float:
        """Time that it has computed [s]."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def figures(self) -> dict[str, float]:
        """What its /metrics shows now, by name and labels."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=START_TIMEOUT) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def buckets(self, histogram: str) -> dict[float, float]:
        """How many times of a histogram are at most so long, by that bound [s]."""
        begin = f'{histogram}_bucket{{le="'
        return {
            float(name[len(begin) : -2]): count
            for name, count in self.figures().items()
            if name.startswith(begin)
        }


def quantile(share: float, before: dict[float, float], after: dict[float, float]) -> float:
    """The bound that a share of a histogram's times between two looks at it did not exceed [s]."""
    counts = {bound: count - before[bound] for bound, count in after.items()}
    return min(bound for bound, count in counts.items() if count >= share * counts[float("inf")])


@contextlib.contextmanager
def started(module: str, *arguments: str, data: Path | None = None) -> Iterator[Started]:
    """A service on a free port, the last word of its command line; stopped at the end.

    Args:
        module: Module to run.
        arguments: Command line before the port.
        data: Its data volume; by default one that is deleted at the end.
    """
    from trackmania_rl.protocol.service import listen

    with listen("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", module, *arguments, str(port)]
        service = Started(line, f"http://127.0.0.1:{port}", data or Path(folder))
        try:
            service.start()
            yield service
        finally:
            service.stop()


def answers(url: str) -> bool:
    """Whether a service answers there, with whatever status."""
    try:
        urllib.request.urlopen(url + "/healthz", timeout=1.0).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
