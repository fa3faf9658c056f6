"""The live race on an X display: a page in kiosk mode, shown to VNC clients."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trackmania_rl.environment.render.browser import browser, chromium, program, require, stop, tied
from trackmania_rl.protocol.errors import InputError

PATIENCE = 20.0
"""Longest wait for the X server and the VNC server [s] (guess)."""
PASSWORD_MAX = 8
"""Characters of a password that the protocol compares (RFC 6143, section 7.2.2)."""


@dataclass(frozen=True)
class Screen:
    """Where the race is shown.

    Attributes:
        display: Name of the X display, e.g. ":0", which is made if it does not exist; "auto": a new one.
        host: Address that VNC clients connect to.
        port: Its port.
        password: What they are asked for; None: nothing, which only clients of this machine may.
        width: Width of a new display [pixels].
        height: Its height [pixels].
    """

    display: str = "auto"
    host: str = "127.0.0.1"
    port: int = 5900
    password: str | None = None
    width: int = 1280
    height: int = 720

    def check(self) -> None:
        """Refuse what cannot work, before anything is started.

        Raises:
            InputError: Strangers could look without a password, or a program is missing.
        """
        if self.display != "auto" and not self.display.removeprefix(":").isdigit():
            raise InputError(f"--display is {self.display}, expected auto or e.g. :0", field="display")
        if not self.password and not _loopback(self.host):
            raise InputError(
                f"everybody who reaches {self.host} could watch: set --vnc-password, or --vnc-host 127.0.0.1",
                field="vnc-password",
            )
        if self.password and len(self.password) > PASSWORD_MAX:
            raise InputError(
                f"the VNC password has {len(self.password)} characters, the protocol takes {PASSWORD_MAX}",
                field="vnc-password",
            )
        chromium()
        _xvfb()
        _x11vnc()


@contextlib.contextmanager
def shown(address: str, screen: Screen) -> Iterator[None]:
    """Show a page on a display and to VNC clients, as long as the context lasts.

    Raises:
        InputError: A program is missing or does not start.
    """
    screen.check()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trackmania-rl-")))
        display = stack.enter_context(_display(screen))
        # A window manager is missing: the window is told where it is.
        flags = ("--kiosk", "--window-position=0,0", f"--window-size={screen.width},{screen.height}")
        stack.enter_context(browser(address, *flags, headless=False, environment={"DISPLAY": display}))
        command = [_x11vnc(), "-display", display, "-forever", "-shared", "-viewonly", "-nocursor", "-quiet"]
        command += ["-listen", screen.host, "-rfbport", str(screen.port), "-no6", "-noxdamage"]
        if screen.password:
            secret = folder / "password"  # a command's arguments are seen by everybody
            secret.touch(mode=0o600)
            secret.write_text(screen.password + "\n")
            command += ["-passwdfile", str(secret)]
        else:
            command += ["-nopw"]
        server = stack.enter_context(program(command))
        _await(server, screen)
        yield


def answered(port: int) -> bool:
    """Whether a program of this machine listens on a port, waited for."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return True
        time.sleep(0.1)
    return False


def _xvfb() -> str:
    return require("Xvfb", package="xvfb", purpose="--display shows the race on it")


def _x11vnc() -> str:
    return require("x11vnc", package="x11vnc", purpose="--display is watched through it")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def _display(screen: Screen) -> Iterator[str]:
    """The display's name; it is made unless there is one."""
    if screen.display != "auto" and Path(f"/tmp/.X11-unix/X{screen.display.removeprefix(':')}").exists():
        yield screen.display
        return
    reading, writing = os.pipe()
    size = f"{screen.width}x{screen.height}x24"
    name = [] if screen.display == "auto" else [screen.display]
    command = [*tied(), _xvfb(), *name, "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(writing,),
    )
    os.close(writing)
    try:
        with open(reading, "rb") as told:
            ready, _, _ = select.select([told], [], [], PATIENCE)
            number = told.readline().strip() if ready else b""
        if not number:
            raise InputError(
                f"Xvfb does not make the display {screen.display}: is it taken?", field="display"
            )
        yield f":{number.decode()}"
    finally:
        stop(process)


def _await(server: subprocess.Popen[bytes], screen: Screen) -> None:
    """Wait until VNC clients are answered."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((screen.host, screen.port), 1.0) as client,
        ):
            if client.recv(4) == b"RFB ":
                return
        time.sleep(0.1)
    raise InputError(f"x11vnc does not answer on {screen.host}:{screen.port}: is the port taken?")
