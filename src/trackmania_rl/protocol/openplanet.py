"""What TMRL's OpenPlanet plugin sends of the car, and who reads it (tmrl 0.7, custom/tm/utils/tools.py).

Little-endian, eleven float32 per frame, over TCP to port 9000 of the game's machine; only the newest counts.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import NamedTuple

from trackmania_rl.protocol.errors import InputError

PACKET = struct.Struct("<11f")
PORT = 9000
"""Port of the plugin."""
SILENCE = 10.0
"""Longest wait for a packet, as TMRL's client has it [s]."""


class Telemetry(NamedTuple):
    """One packet.

    Attributes:
        speed: [m/s].
        distance: Driven since the start [m].
        x: Position in the world [m]; likewise y, up, and z.
        steer: -1 (left) to 1.
        gas: 0 to 1.
        brake: 0 or 1: the game tells no more.
        finished: 0 or 1.
        gear: 0 (reverse) to 6.
        rpm: Of the engine [1/min].
    """

    speed: float
    distance: float
    x: float
    y: float
    z: float
    steer: float
    gas: float
    brake: float
    finished: float
    gear: float
    rpm: float

    def pack(self) -> bytes:
        """As it is sent."""
        return PACKET.pack(*self)


class TelemetryClient:
    """Reads packets in a thread and keeps the newest.

    Args:
        host: Machine of the game, or of an environment service with --tmrl-port.
        port: Port of the plugin.

    Raises:
        InputError: Nobody listens there.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = PORT) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=SILENCE)
        except OSError as error:
            raise InputError(
                f"no OpenPlanet plugin answers at {host}:{port} ({error}): start the game with it, or "
                f"`trackmania-rl environment --tmrl-port {port}`",
                status=503,
            ) from error
        self._newest: Telemetry | None = None
        self._come = threading.Condition()
        self._failure: str | None = None
        threading.Thread(target=self._read, name="openplanet", daemon=True).start()

    def newest(self) -> Telemetry:
        """The newest packet; waits for the first one.

        Raises:
            InputError: The connection broke, or nothing came for ten seconds.
        """
        with self._come:
            self._come.wait_for(lambda: self._newest is not None or self._failure is not None, SILENCE)
            if self._failure is not None or self._newest is None:
                raise InputError(f"the OpenPlanet plugin is silent: {self._failure or 'nothing came'}")
            return self._newest

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        data = b""
        failure = "it closed the connection"
        try:
            while received := self._socket.recv(PACKET.size * 64):
                data += received
                whole = len(data) // PACKET.size * PACKET.size
                if whole:
                    with self._come:
                        self._newest = Telemetry(*PACKET.unpack_from(data, whole - PACKET.size))
                        self._come.notify_all()
                    data = data[whole:]
        except OSError as error:
            failure = str(error)
        with self._come:
            self._failure = failure
            self._come.notify_all()
