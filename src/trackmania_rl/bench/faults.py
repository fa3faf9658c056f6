"""Faults on purpose: services are killed, the network is cut, the disk is full; what is lost, how long?"""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from trackmania_rl.bench.service import Started, started

PATIENCE = 300.0
"""Longest wait for anything to come about [s]."""


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes:
        fault: What was done.
        happened: What the others did meanwhile.
        lost: What was lost.
        recovery: From the end of the fault (for a kill: from the new start) until all worked again [s].
    """

    fault: str
    happened: str
    lost: str
    recovery: float


def command(
    cut: Annotated[float, typer.Option(min=0.5, help="How long the network is cut [s].")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Kill services, cut the network and fill the disk during a race; what was lost, and for how long."""
    from rich.console import Console
    from rich.table import Table

    faults = (environment_killed, environment_stopped, lambda: network_cut(cut), disk_full, model_killed)
    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    for fault in faults:
        with console.status(f"{len(outcomes) + 1} of {len(faults)} ..."):
            outcomes.append(fault())
    if as_json:
        typer.echo(json.dumps({"outcomes": [asdict(outcome) for outcome in outcomes]}))
        return
    table = Table("fault", "what happened", "lost", r"recovery \[s]", box=None, header_style="dim")
    for outcome in outcomes:
        table.add_row(outcome.fault, outcome.happened, outcome.lost, f"{outcome.recovery:.2f}")
    Console().print(table)


def environment_killed(seconds: float = 3.0) -> Outcome:
    """kill -9 of the environment in mid-race: the recording is there, the driver comes back by itself."""
    from trackmania_rl.environment.replay.reading import read

    with _race() as service, _driver(service.url) as driver:
        driver.until(lambda: driver.lap_time >= seconds)
        service.kill()
        driven = driver.lap_time
        (part,) = (service.data / "replays").glob("*.mcap.part")
        kept = read(part).duration
        began = time.monotonic()
        service.start()
        driver.until(lambda: driver.last > began)
        return Outcome(
            "kill -9 of the environment in a race",
            "the driver tried again until it was back, and joined the race",
            f"{max(0.0, driven - kept):.2f} of {driven:.2f} s of the recording",
            driver.last - began,
        )


def environment_stopped() -> Outcome:
    """SIGTERM in mid-race: the file is whole, viewers are told."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    from trackmania_rl.environment.replay.reading import read

    with _race() as service, _driver(service.url) as driver:
        viewer = connect(service.url.replace("http", "ws") + "/api/watch", compression=None)
        driver.until(lambda: driver.lap_time >= 1.0)
        service.stop()
        driven = driver.lap_time
        heard = []
        try:
            while True:
                heard.append(viewer.recv(PATIENCE))
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
        (whole,) = (service.data / "replays").glob("*.mcap")
        kept = read(whole).duration
        told = any(isinstance(text, str) and '"goodbye"' in text for text in heard)
        began = time.monotonic()
        service.start()
        driver.until(lambda: driver.last > began)
        return Outcome(
            "SIGTERM to the environment in a race",
            f"viewers got {'a goodbye' if told else 'NO goodbye'} and close code {code}",
            f"{max(0.0, driven - kept):.2f} s of the recording",
            driver.last - began,
        )


def network_cut(seconds: float) -> Outcome:
    """Nothing comes through between driver and environment; the race goes on, the driver comes back."""
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.messages import EnvironmentState

    with _race() as service, _wire(service.url) as wire, _driver(wire.url) as driver:
        state = ServiceClient(service.url)
        driver.until(lambda: driver.lap_time >= 0.5)
        before = state.get("/api/state", EnvironmentState).race
        wire.flowing.clear()
        time.sleep(seconds)
        after = state.get("/api/state", EnvironmentState).race
        wire.flowing.set()
        began = time.monotonic()
        driver.until(lambda: driver.last > began + 0.2)
        state.close()
        raced = (after.heat, after.time) > (before.heat, before.time)
        return Outcome(
            f"network cut for {seconds:g} s",
            f"the race {'went on, the car held its last action' if raced else 'STOOD'}; the driver came back",
            "the actions of that time",
            driver.last - began - 0.2,
        )


def disk_full() -> Outcome:
    """No file may grow any more: the race goes on, the next heat after it is recorded again. Linux only."""
    import resource

    from trackmania_rl.environment.replay.reading import read
    from trackmania_rl.protocol import messages
    from trackmania_rl.protocol.client import ServiceClient

    with _race() as service, _driver(service.url) as driver:
        requests = ServiceClient(service.url)
        driver.until(lambda: driver.lap_time >= 2.5)
        assert service.process is not None
        _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (2000, hard))
        full = driver.lap_time
        driver.until(lambda: driver.lap_time >= full + 3.0)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        began = time.monotonic()
        known = set((service.data / "replays").glob("*"))
        (part,) = known
        kept = read(part).duration
        requests.post("/api/reset", messages.ResetRequest(), messages.EnvironmentState)
        driver.until(lambda: bool(set((service.data / "replays").glob("*.mcap.part")) - known))
        requests.close()
        return Outcome(
            "disk full in a race",
            f"the race went on; of the recording {kept:.2f} s stay readable",
            f"{max(0.0, full - kept):.2f} s from before it was full, and the rest of that heat",
            time.monotonic() - began,
        )


def model_killed(environment: str = "gymnasium:Pendulum-v1") -> Outcome:
    """kill -9 of the model service in training: after its start the agent goes on from what was saved."""
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.messages import AgentStatus

    def learned() -> int:
        (agent,) = requests.get("/api/agents", list[AgentStatus])
        return agent.steps

    line = ("model", "--agents", "1", "--env", environment, "--port")
    with started("trackmania_rl", *line) as service:
        requests = ServiceClient(service.url, name="model")
        _until(lambda: learned() >= 3000)
        (agent,) = requests.get("/api/agents", list[AgentStatus])
        saved = json.loads(requests.request("POST", f"/api/agents/{agent.agent_id}/save", b"{}"))["steps"]
        _until(lambda: learned() > saved)
        unsaved = learned()
        service.kill()
        requests.close()
        began = time.monotonic()
        service.start()
        _until(lambda: learned() > 0)
        back = learned()
        _until(lambda: learned() > back)
        requests.close()
        return Outcome(
            "kill -9 of the model service in training",
            f"the agent went on at {back:,} steps; acknowledged as saved were {saved:,}",
            f"{max(0, saved - back)} acknowledged steps, up to {max(0, unsaved - back)} others",
            time.monotonic() - began,
        )


# --- what is hurt ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _race() -> Iterator[Started]:
    """An environment service with a data volume of its own."""
    with tempfile.TemporaryDirectory() as folder:
        line = ("environment", "--track", "sprint", "--port")
        with started("trackmania_rl", *line, data=Path(folder)) as service:
            yield service


class Driver(threading.Thread):
    """A car that drives on a stream, whatever happens.

    Attributes:
        last: When the last answer came, on the monotonic clock [s].
        lap_time: The clock of its lap then [s].
    """

    def __init__(self, url: str) -> None:
        from trackmania_rl.protocol.client import DriveClient
        from trackmania_rl.protocol.messages import AgentAdd

        super().__init__(daemon=True)
        self.client = DriveClient(url, AgentAdd(agent_id="driver"))
        self.last = 0.0
        self.lap_time = 0.0

    def run(self) -> None:
        """Drive slowly, so that the heat is long."""
        import numpy as np

        action = np.array([0.3, -1.0, 0.0], np.float32)
        for answer in self.client.answers():
            self.last = time.monotonic()
            self.lap_time = answer.info.lap_time
            self.client.act(action)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        _until(holds)


@contextlib.contextmanager
def _driver(url: str) -> Iterator[Driver]:
    driver = Driver(url)
    driver.start()
    try:
        yield driver
    finally:
        driver.client.close()


class Wire:
    """A TCP connection to a service that can be cut: nothing comes through, and nobody is told.

    Attributes:
        url: Where it begins.
        flowing: Set while all comes through.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._far = (parts.hostname or "", parts.port or 80)
        self._near = socket.create_server(("127.0.0.1", 0))
        self._stack = ExitStack()
        self.url = f"http://127.0.0.1:{self._near.getsockname()[1]}"
        self.flowing = threading.Event()
        self.flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close it and all that goes through it."""
        self._near.close()
        self._stack.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._near.accept()
                far = socket.create_connection(self._far)
                for source, target in ((near, far), (far, near)):
                    self._stack.enter_context(source)
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.flowing.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _wire(url: str) -> Iterator[Wire]:
    with contextlib.closing(Wire(url)) as wire:
        yield wire


def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: It does not come to this.
    """
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to what was waited for")
        time.sleep(0.01)
