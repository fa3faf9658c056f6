"""Faults on purpose: services are killed, the network is cut, the disk is full; what is lost, how long?"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.bench.service import Started, started
from trackmania_rl.protocol.options import Json

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

PATIENCE = 55.0
"""Longest wait for anything to come about [s]."""
RACE = ("environment", "--track", "sprint", "--countdown", "0.5", "--port")
"""The service that is hurt; its heats begin at once, so that little time goes by between two faults."""
SMALL = {
    "worlds": 8, "hidden": [32, 32], "batch": 32, "compile": False, "warmup_steps": 100,
    "report_every": 0.1, "checkpoint_every": 1e9, "evaluate_every": 1e9, "evaluation_episodes": 2,
}  # fmt: skip
"""Settings of the agent whose service is killed: they learn within seconds, and save only when asked."""
AGENT = "learner"


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
    as_json: Json = False,
) -> None:
    """Kill services, cut the network and fill the disk during a race; what was lost, and for how long."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    with racing() as race:
        faults: list[Callable[[], Outcome]] = [
            lambda: environment_killed(race),
            lambda: environment_stopped(race),
            lambda: network_cut(race, cut),
            lambda: disk_full(race),
            model_killed,
        ]
        if page_is_built():
            faults.append(lambda: viewer_killed(race))
        else:
            console.print("The viewer's page is not built (`make viewer`): its server is not killed.")
        outcomes = [fault() for fault in track(faults, "Hurting", console=console, transient=True)]
    show({"outcomes": [asdict(outcome) for outcome in outcomes]}, tables, as_json)


def headline(figures: dict[str, Any]) -> str:
    """The longest recovery."""
    outcomes = [Outcome(**outcome) for outcome in figures["outcomes"]]
    slowest = max(outcomes, key=lambda outcome: outcome.recovery)
    return f"{len(outcomes)} faults; all works again after {slowest.recovery:.1f} s at most ({slowest.fault})"


def tables(figures: dict[str, Any]) -> Iterator[RenderableType]:
    """What came of each fault."""
    table = Table("fault", "what happened", "lost", r"recovery \[s]")
    for outcome in (Outcome(**outcome) for outcome in figures["outcomes"]):
        table.add_row(outcome.fault, outcome.happened, outcome.lost, f"{outcome.recovery:.2f}")
    yield table


def environment_killed(service: Started, seconds: float = 3.0) -> Outcome:
    """kill -9 of the environment in mid-race: the recording is there, the driver comes back by itself."""
    from trackmania_rl.environment.replay.reading import read

    with driving(service.url) as driver:
        driver.race(seconds)
        service.kill()
        driven = driver.lap_time
        kept = read(_newest(_replays(service, "*.mcap.part"))).duration
        began = time.monotonic()
        service.start()
        until(lambda: driver.last > began)
        return Outcome(
            "kill -9 of the environment in a race",
            "the driver tried again until it was back, and joined the race",
            f"{max(0.0, driven - kept):.2f} s of {driven:.2f} s of the recording",
            driver.last - began,
        )


def environment_stopped(service: Started) -> Outcome:
    """SIGTERM in mid-race: the file is whole, viewers are told."""
    from websockets.sync.client import connect

    from trackmania_rl.environment.replay.reading import read

    watch = service.url.replace("http", "ws") + "/api/watch"
    with driving(service.url) as driver, connect(watch, compression=None) as viewer:
        driver.race(1.0)
        known = _replays(service, "*.mcap")
        service.stop()
        driven = driver.lap_time
        told, code = _last_words(viewer)
        (whole,) = _replays(service, "*.mcap") - known
        kept = read(whole).duration
        began = time.monotonic()
        service.start()
        until(lambda: driver.last > began)
        return Outcome(
            "SIGTERM to the environment in a race",
            f"viewers got {'a goodbye' if told else 'NO goodbye'} and close code {code}",
            f"{max(0.0, driven - kept):.2f} s of the recording",
            driver.last - began,
        )


def _last_words(viewer: ClientConnection) -> tuple[bool, int]:
    """Whether a stream said goodbye before it closed, and its close code; 1006 if there was none."""
    from websockets.exceptions import ConnectionClosed

    told = False
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            text = viewer.recv(PATIENCE)
            told = told or (isinstance(text, str) and '"goodbye"' in text)
    except ConnectionClosed as closed:
        return told, closed.rcvd.code if closed.rcvd else 1006
    raise TimeoutError("the stream of a service that was stopped stays open")


def network_cut(service: Started, seconds: float) -> Outcome:
    """Nothing comes through between driver and environment; the race goes on, the driver comes back."""
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.messages import EnvironmentState

    state = ServiceClient(service.url, timeout=PATIENCE)
    with contextlib.closing(state), _wire(service.url) as wire, driving(wire.url) as driver:
        driver.race(0.5)
        before = state.get("/api/state", EnvironmentState).race
        wire.flowing.clear()
        time.sleep(seconds)
        after = state.get("/api/state", EnvironmentState).race
        wire.flowing.set()
        began = time.monotonic()
        until(lambda: driver.last > began + 0.2)
        raced = (after.heat, after.time) > (before.heat, before.time)
        return Outcome(
            f"network cut for {seconds:g} s",
            f"the race {'went on, the car held its last action' if raced else 'STOOD'}; the driver came back",
            "the actions of that time",
            driver.last - began - 0.2,
        )


def disk_full(service: Started, seconds: float = 2.5) -> Outcome:
    """No file may grow any more: the race goes on, the next heat after it is recorded again. Linux only."""
    import resource

    from trackmania_rl.environment.replay.reading import read

    with driving(service.url) as driver:
        driver.race(seconds)
        assert service.process is not None
        _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (2000, hard))
        full = driver.lap_time
        until(lambda: driver.lap_time >= full + 2.0)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        began = time.monotonic()
        known = _replays(service, "*")
        kept = read(_newest(known)).duration
        driver.reset()
        until(lambda: bool(_replays(service, "*.mcap.part") - known))
        return Outcome(
            "disk full in a race",
            f"the race went on; of the recording {kept:.2f} s stay readable",
            f"{max(0.0, full - kept):.2f} s from before it was full, and the rest of that heat",
            time.monotonic() - began,
        )


def model_killed() -> Outcome:
    """kill -9 of the model service in training: after its start the agent goes on from what was saved."""
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.messages import AgentCreate, AgentStatus

    with started("trackmania_rl", "model", "--port") as service:
        requests = ServiceClient(service.url, name="model", timeout=PATIENCE)

        def learned() -> int:
            (agent,) = requests.get("/api/agents", list[AgentStatus])
            return agent.steps

        agent = AgentCreate(agent_id=AGENT, env="gymnasium:Pendulum-v1", race=False, settings=SMALL)
        requests.post("/api/agents", agent, AgentStatus)
        until(lambda: learned() >= 1000)
        answer = requests.request("POST", f"/api/agents/{AGENT}/save", b"{}")
        saved = msgspec.json.decode(answer, type=AgentStatus).steps
        until(lambda: learned() > saved)
        unsaved = learned()
        service.kill()
        requests.close()
        began = time.monotonic()
        service.start()
        until(lambda: learned() > 0)
        back = learned()
        until(lambda: learned() > back)
        requests.close()
        return Outcome(
            "kill -9 of the model service in training",
            f"the agent went on at {back:,} steps; acknowledged as saved were {saved:,}",
            f"{max(0, saved - back):,} acknowledged steps, up to {max(0, unsaved - back):,} others",
            time.monotonic() - began,
        )


def viewer_killed(race: Started) -> Outcome:
    """kill -9 of the page's server: who watches goes on watching, the page is there again after its start."""
    from websockets.sync.client import connect

    watch = race.url.replace("http", "ws") + "/api/watch"
    with (
        driving(race.url) as driver,
        started("trackmania_rl", "viewer", "--environment", race.url, "--model", "none", "--port") as page,
        connect(watch, compression=None, close_timeout=0.5) as viewer,  # nobody reads its last frames
    ):
        driver.race(0.0)
        page.kill()
        away = time.monotonic()
        frames = 0
        while time.monotonic() < away + 1.0:
            frames += isinstance(viewer.recv(PATIENCE), bytes)
        began = time.monotonic()
        page.start()
        with urllib.request.urlopen(page.url + "/", timeout=PATIENCE) as answer:
            assert b"<html" in answer.read()
        return Outcome(
            "kill -9 of the viewer's server",
            f"those who watched went on: {frames} frames in a second without it",
            "nothing: it keeps nothing",
            time.monotonic() - began,
        )


def page_is_built() -> bool:
    """Whether there is a page that the viewer's server could serve."""
    from trackmania_rl.viewer.server import STATIC

    return (STATIC / "index.html").is_file()


# --- what is hurt ---------------------------------------------------------------------------------


@contextlib.contextmanager
def racing() -> Iterator[Started]:
    """An environment service with a data volume of its own; every fault leaves it in a race again."""
    with started("trackmania_rl", *RACE) as service:
        yield service


def _replays(service: Started, pattern: str) -> set[Path]:
    return set((service.data / "replays").glob(pattern))


def _newest(paths: set[Path]) -> Path:
    return max(paths, key=lambda path: path.stat().st_mtime_ns)


class Driver(threading.Thread):
    """A car that drives on a stream, whatever happens.

    Attributes:
        last: When the last answer came, on the monotonic clock [s].
        lap_time: The clock of its lap then [s].
    """

    def __init__(self, url: str) -> None:
        from trackmania_rl.protocol.driving import DriveClient
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

    def race(self, seconds: float) -> None:
        """Line up anew, and drive for so long."""
        until(lambda: self.last > 0.0)
        self.reset()
        until(lambda: self.lap_time < 0.2)
        until(lambda: self.lap_time >= seconds)

    def reset(self) -> None:
        """Begin a new heat."""
        from trackmania_rl.protocol.client import ServiceClient
        from trackmania_rl.protocol.messages import EnvironmentState, ResetRequest

        with ServiceClient(self.client.url, timeout=PATIENCE) as requests:
            requests.post("/api/reset", ResetRequest(), EnvironmentState)


@contextlib.contextmanager
def driving(url: str) -> Iterator[Driver]:
    """A driver for as long as this lasts."""
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


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: It does not come to this.
    """
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to what was waited for")
        time.sleep(0.01)
