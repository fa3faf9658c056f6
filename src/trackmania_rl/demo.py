"""The demo: all three services on this machine, a champion and fresh agents on one track, in one command.

Each service is a process of its own, as it would be a container. The demo starts them, shows how the
agents come along, starts a service again that dies, and stops all of them on Ctrl-C. If it is killed itself,
they stop too: each is on a leash (leash.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from trackmania_rl.environment.commands import Contact, Ghosts, Weather
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import data_folder

READY_TIMEOUT = 60.0
"""Longest wait for a service to answer after its start [s]."""
STOP_TIMEOUT = 20.0
"""Longest wait for a service to finish its files after it was asked to stop [s]."""
RESTART_PAUSE = 2.0
"""Wait before a service that died is started again [s]."""
STARTS_MAX = 6
"""Starts of one service after which the demo gives up."""


@dataclass
class Service:
    """One of the three services as a child process.

    Attributes:
        name: "environment", "model" or "viewer": the command that starts it.
        port: Where it answers.
        options: The command's other options.
        process: The child that was started last, or None before the first start.
        starts: How often it was started.
    """

    name: str
    port: int
    options: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """File with everything the service prints."""
        return data_folder() / "logs" / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Is the child process alive?"""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the child in a process group of its own, so that Ctrl-C reaches only the demo."""
        self._let_go()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "trackmania_rl.leash", self.name, "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.starts += 1

    def ready(self) -> bool:
        """Does it answer /healthz?"""
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(self.url + "/healthz", timeout=1.0).status == 200)
        return False

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            InputError: It stopped, or did not answer in time; with the last line that it printed.
        """
        deadline = time.monotonic() + READY_TIMEOUT
        while time.monotonic() < deadline:
            if not self.running:
                raise InputError(f"the {self.name} service stopped at its start: {self.last_words()}")
            if self.ready():
                return
            time.sleep(0.05)
        raise InputError(
            f"the {self.name} service did not answer at {self.url} in {READY_TIMEOUT:.0f} s; see {self.log}"
        )

    def last_words(self) -> str:
        """The last line in its log."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").strip().splitlines()
            if lines:
                return f"{lines[-1].removeprefix('error: ')} (whole log: {self.log})"
        return f"it printed nothing (log: {self.log})"

    def stop(self) -> None:
        """Ask it to stop and to finish its files; kill it, and all that it started, when it does not."""
        if self.process is None:
            return
        self._let_go()  # which asks the service alone: it tells its learners itself to save and stop
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _let_go(self) -> None:
        """Close our end of the child's leash, if there is a child."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def demo(
    track: Annotated[str, typer.Option(help="Track to race on: an id, or a .Map.Gbx file.")] = "bridge-lap",
    ghost: Ghosts = None,
    weather: Weather = None,
    agents: Annotated[int, typer.Option(min=0, max=8, help="Agents that learn from scratch.")] = 2,
    contact: Contact = False,
    environment_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the environment service.")
    ] = 8080,
    model_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the model service.")] = 8081,
    viewer_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 3000,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="Stop by itself after this time [s].")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the default browser.")] = True,
) -> None:
    """Start all three services: a champion races agents that learn while you watch."""
    from trackmania_rl.environment.race import ghosts
    from trackmania_rl.environment.simulator.weather import forecast
    from trackmania_rl.environment.tracks import library

    options: list[str] = []
    if weather is not None:
        forecast(weather)  # what is wrong is known before anything starts
        options += ["--weather", weather]
    for file in ghosts.own_ghosts(ghost or [], [track]):
        ghosts.read(file, library.load(track))
        options += ["--ghost", str(file)]
    if contact:
        options.append("--contact")
    _require_free(
        {"--environment-port": environment_port, "--model-port": model_port, "--viewer-port": viewer_port}
    )
    place = ["--track", library.resident(track).id]
    environment = Service("environment", environment_port, [*place, *options])
    learners = ["--environment", environment.url, *place, "--agents", str(agents), "--champion"]
    model = Service("model", model_port, learners)
    page = Service("viewer", viewer_port, ["--environment", environment.url, "--model", model.url])
    services = [environment, page, model]
    console = Console()
    with _all_stopped(services, console):
        for service in services:
            service.start()
        for service in services:
            service.wait_ready()
        console.print(f"\n  Watch the race:  [bold cyan]{page.url}[/]\n  Stop with Ctrl-C.\n")
        if browser:
            threading.Thread(target=webbrowser.open, args=(page.url,), daemon=True).start()
        _watch(services, model.url, console, seconds)


def _require_free(ports: dict[str, int]) -> None:
    """Refuse a port on which somebody answers already: it could pass for one of our services.

    Args:
        ports: By the options that chose them.

    Raises:
        InputError: A port is taken, or chosen twice.
    """
    if len(set(ports.values())) < len(ports):
        given = ", ".join(f"{option} {port}" for option, port in ports.items())
        raise InputError(f"{given}: expected a port of its own for each", field="port")
    for option, port in ports.items():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise InputError(
                    f"port {port} is taken, perhaps by another demo: stop it, or choose one with {option}",
                    field=option,
                )


@contextlib.contextmanager
def _all_stopped(services: list[Service], console: Console) -> Iterator[None]:
    """Stop all services at the end, model first: it saves what it has learned. Ctrl-C is a good end."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        console.print()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with console.status("Stopping: saving what the agents have learned ..."):
            for service in sorted(services, key=lambda service: service.name != "model"):
                service.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, previous)
    console.print("Stopped. [dim]`trackmania-rl demo` goes on where it was.[/]")


def _watch(services: list[Service], model: str, console: Console, seconds: float | None) -> None:
    """Show the agents' progress and keep the services alive."""
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while time.monotonic() < end:
            for service in services:
                _keep_alive(service, console)
            if console.is_terminal:
                live.update(_progress(_agents(model)), refresh=True)
            time.sleep(min(1.0, max(0.0, end - time.monotonic())))


def _keep_alive(service: Service, console: Console) -> None:
    """Start a service again that died.

    Raises:
        InputError: It died too often.
    """
    if service.running:
        return
    if service.starts >= STARTS_MAX:
        raise InputError(f"the {service.name} service stopped {service.starts} times: {service.last_words()}")
    console.print(f"[yellow]The {service.name} service stopped; starting it again.[/] {service.last_words()}")
    time.sleep(RESTART_PAUSE)
    service.start()


def _agents(url: str) -> list[dict[str, Any]]:
    """The model service's agents; none while it does not answer."""
    try:
        with urllib.request.urlopen(url + "/api/agents", timeout=2.0) as answer:
            agents: list[dict[str, Any]] = json.load(answer)
            return agents
    except (OSError, json.JSONDecodeError):
        return []


def _progress(agents: list[dict[str, Any]]) -> Table:
    """A line per agent: how long it has learned, and how well it drives."""
    table = Table(box=None, pad_edge=True, header_style="dim")
    for heading in ("agent", "", "experience", "finishes", "best lap", "health"):
        table.add_column(heading)
    for agent in agents:
        finish_rate, best = agent.get("finish_rate"), agent.get("lap_time_best")
        table.add_row(
            f"[{agent['colour']}]●[/] {agent['name']}",
            agent["state"],
            f"{agent['steps'] / 72_000:.1f} h of driving",  # 20 steps a second
            "-" if finish_rate is None else f"{finish_rate:.0%}",
            "-" if best is None else f"{best:.2f} s",
            (agent.get("health") or [""])[0],
        )
    return table
