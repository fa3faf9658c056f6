"""The race on an X display, seen as a VNC client sees it."""

from __future__ import annotations

import shutil
import socket
import struct
import time

import numpy as np
import pytest

from trackmania_rl.environment.render.browser import NAMES
from trackmania_rl.environment.render.display import Screen, shown
from trackmania_rl.protocol.errors import InputError

needs_display = pytest.mark.skipif(
    not all(map(shutil.which, ("Xvfb", "x11vnc"))) or not any(map(shutil.which, NAMES)),
    reason="Xvfb, x11vnc or Chromium is not installed (apt install xvfb x11vnc chromium)",
)
PAGE = (
    "data:text/html,"
    "<body style='margin:0;height:100vh;background:linear-gradient(to right,red 50%25,blue 50%25)'>"
)
NO_AUTHENTICATION, VNC_AUTHENTICATION = 1, 2


class Client:
    """As much of RFC 6143 as a look at the screen takes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20.0)
        self.read(12)
        self.socket.sendall(b"RFB 003.008\n")
        self.security = self.read(self.read(1)[0])

    def read(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            some = self.socket.recv(count - len(content))
            assert some, "the server hung up"
            content += some
        return content

    def look(self) -> np.ndarray:
        """The screen: rows, columns, RGB."""
        self.socket.sendall(bytes([NO_AUTHENTICATION]))
        assert self.read(4) == bytes(4)
        self.socket.sendall(b"\x01")
        width, height = struct.unpack(">HH", self.read(4))
        self.read(16)
        self.read(struct.unpack(">I", self.read(4))[0])
        true_colour = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)
        self.socket.sendall(b"\x00\x00\x00\x00" + true_colour)
        self.socket.sendall(struct.pack(">BxHi", 2, 1, 0))  # raw pixels
        screen = np.zeros((height, width, 3), np.uint8)
        self.socket.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        while self.read(1) != b"\x00":
            pass  # a bell
        for _ in range(struct.unpack(">xH", self.read(3))[0]):
            x, y, columns, rows, encoding = struct.unpack(">HHHHi", self.read(12))
            assert encoding == 0
            part = np.frombuffer(self.read(columns * rows * 4), np.uint8).reshape(rows, columns, 4)
            screen[y : y + rows, x : x + columns] = part[..., :3]
        return screen


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.mark.browser
@needs_display
def test_a_page_fills_the_screen(port: int) -> None:
    expected = np.zeros((240, 640, 3), np.uint8)
    expected[:, :320, 0] = 255
    expected[:, 320:, 2] = 255
    with shown(PAGE, Screen(port=port, width=640, height=240)):
        end = time.monotonic() + 60.0
        while not (Client(port).look() == expected).mean() > 0.98:
            assert time.monotonic() < end, "the page never filled the screen"
            time.sleep(0.5)
    with pytest.raises(ConnectionError):
        Client(port)


@pytest.mark.browser
@needs_display
def test_a_password_is_asked_for(port: int) -> None:
    with shown(PAGE, Screen(port=port, password="secret", width=640, height=240)):
        assert list(Client(port).security) == [VNC_AUTHENTICATION]


@needs_display
def test_a_taken_port_is_said(port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(InputError, match="is the port taken"),
        shown(PAGE, Screen(port=port, width=640, height=240)),
    ):
        pass


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        (Screen(host="0.0.0.0"), "everybody who reaches 0.0.0.0 could watch"),
        (Screen(host="race.example.org"), "set --vnc-password"),
        (Screen(password="much too long"), "13 characters"),
        (Screen(display="first"), "expected auto or e.g. :0"),
    ],
)
def test_what_cannot_be_shown_is_refused(screen: Screen, words: str) -> None:
    with pytest.raises(InputError, match=words):
        screen.check()
