"""Chromium without a window: found, started with the flags that draw fast, stopped with all its children."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from trackmania_rl.protocol.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # containers offer none; the page is our own
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    "--disable-dev-shm-usage",  # /dev/shm of a container is small
    "--ignore-gpu-blocklist",
    "--use-angle=gl-egl",  # a GPU, or Mesa's llvmpipe: without this, SwiftShader, three times slower
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
)
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a process to end; by default the latter two end Python without tidying up."""
GRACE = 3.0
"""How long a browser may take to stop before it is killed [s]."""


def require(name: str, *alternatives: str, package: str, purpose: str) -> str:
    """The path of a program.

    Raises:
        InputError: It is not installed; names the package.
    """
    for candidate in (name, *alternatives):
        path = shutil.which(candidate)
        if path is not None:
            return path
    raise InputError(f"{name} is not installed and {purpose}: install it, e.g. `apt install {package}`")


def chromium() -> str:
    """The browser's path.

    Raises:
        InputError: There is none.
    """
    return require(*NAMES, package="chromium", purpose="the race is drawn with it")


@contextlib.contextmanager
def browser(
    address: str, *flags: str, headless: bool = True, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A browser with one page, as long as the context lasts; its profile is thrown away."""
    path = chromium()
    with tempfile.TemporaryDirectory(prefix="trackmania-rl-", ignore_cleanup_errors=True) as profile:
        command = [path, *FLAGS, *(["--headless=new"] if headless else []), f"--user-data-dir={profile}"]
        # All that it writes goes with its profile.
        own = {"TMPDIR": profile, **(environment or {})}
        with program([*command, *flags, address], own) as process:
            yield process


@contextlib.contextmanager
def program(
    command: Sequence[str | Path], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A silent program in a process group of its own, stopped with all its children at the end."""
    process = subprocess.Popen(
        [*tied(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us alone; we stop it
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        stop(process)


def tied() -> list[str]:
    """What goes before a command whose program the kernel stops when the thread that began it is gone.

    So nothing goes on when this process is killed outright. Empty without Linux's setpriv.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


@contextlib.contextmanager
def tidy_end() -> Iterator[None]:
    """While it lasts, a request to end the process runs its finalisers, whatever the signal."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def end(number: int, _: FrameType | None) -> None:
        for one in ENDINGS:
            signal.signal(one, signal.SIG_IGN)  # impatience must not break the tidying off
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {one: signal.signal(one, end) for one in ENDINGS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process group: asked first, killed after a while."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # children that outlived it
