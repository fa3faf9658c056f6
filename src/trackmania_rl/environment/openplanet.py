"""The socket of TMRL's OpenPlanet plugin, served for a car of a race, so that TMRL's tools can talk to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from trackmania_rl.environment.clock import TICK
from trackmania_rl.environment.race.race import Race
from trackmania_rl.protocol.openplanet import Telemetry
from trackmania_rl.protocol.poses import POSE_FIELDS

RED_LINE = 11_000.0
"""Highest engine speed of the game's car [1/min] (guess)."""
NOBODY = Telemetry(*[0.0] * len(Telemetry._fields))
"""What is sent while no car is in the race: TMRL's client gives up after ten silent seconds."""


def telemetry(race: Race) -> Telemetry:
    """The first car of a race as the plugin would send it."""
    if not race.grid:
        return NOBODY
    entrant = race.grid[0]
    pose = dict(zip(POSE_FIELDS, race.simulator.poses()[entrant.slot].tolist(), strict=True))
    return Telemetry(
        speed=float(race.simulator.speed[entrant.slot]),
        distance=pose["progress"],
        x=pose["x"],
        y=pose["y"],
        z=pose["z"],
        steer=pose["steer"],
        gas=pose["gas"],
        brake=float(pose["brake"] > 0.0),
        finished=float(entrant.cause == "finish"),
        gear=pose["gear"],
        rpm=pose["rpm"] * RED_LINE,
    )


@contextlib.asynccontextmanager
async def serving(race: Race, port: int) -> AsyncIterator[int]:
    """Send a packet every 10 ms to whoever connects, on loopback as the plugin does; gives the port.

    A client that does not read is not sent more than its socket holds.
    """

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(telemetry(race).pack())
                await writer.drain()
                await asyncio.sleep(TICK)
        writer.close()

    server = await asyncio.start_server(tell, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
