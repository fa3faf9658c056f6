"""Races in real time, and who watches and drives them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

import msgspec

from trackmania_rl.environment.clock import FRAME_HZ, TICK
from trackmania_rl.environment.outbox import Outbox
from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.replay import archive
from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import Kind, pack_rows
from trackmania_rl.protocol.telemetry import span

WEATHER_TICKS = 100
"""Ticks from one word about the weather to the next."""
STANDINGS_TICKS = 25
"""Ticks from one leaderboard to the next: 4 Hz."""
LATE_MAX = 0.5
"""A clock that is later than this gives up the lost time instead of driving it at once [s] (guess)."""

logger = logging.getLogger(__name__)


class LiveRace:
    """A race on the wall clock.

    Ticks have absolute due times, so a late one does not delay the next: the race neither drifts nor
    slows down while listeners come and go.

    Attributes:
        race: What is driven.
        viewers: Who watches.
        drivers: Agents that drive over a stream, by id; with an outbox if they are to be told at each step.
        keep: How many replays are kept; None: all.
        lost: Time that the clock had to give up [s].
        ticks: Ticks so far.
        late: How late the ticks came, added up [s].
        replays: Recordings that became whole.
    """

    def __init__(self, race: Race, keep: archive.Retention | None = None) -> None:
        self.race = race
        self.keep = keep
        self.viewers: set[Outbox] = set()
        self.drivers: dict[str, Outbox | None] = {}
        self.lost = 0.0
        self.ticks = 0
        self.late = 0.0
        self.replays = 0
        self._weather: messages.Weather | None = None

    async def run(self) -> None:
        """Drive until cancelled."""
        now = asyncio.get_running_loop().time
        due = now()
        try:
            while True:
                due += TICK
                late = now() - due
                if late > LATE_MAX:
                    due += late
                    self.lost += late
                self.late += max(0.0, late)
                await asyncio.sleep(max(0.0, -late))
                self._tick()
        finally:
            await asyncio.to_thread(self.race.close)

    def _tick(self) -> None:
        race = self.race
        before = race.clock
        race.tick()
        self.ticks += 1
        if race.changed:
            race.changed = False
            self._tell(self.description())
        for event in race.events:
            self._tell(event)
            if event.kind == "heat_end":
                self._trace(event.time)
            self.replays += event.replay is not None
            if event.replay is not None and self.keep is not None:
                asyncio.get_running_loop().run_in_executor(None, archive.prune, self.keep)
        race.events.clear()
        if race.clock != before and race.at_step:
            self._push()
        if self.ticks % WEATHER_TICKS == 0 and race.weather is not None and race.weather != self._weather:
            self._weather = race.weather
            self._tell(messages.WeatherMessage(time=round(race.clock * TICK, 2), weather=race.weather))
        if self.ticks % STANDINGS_TICKS == 0 and self.viewers and race.cars:
            self._tell(
                messages.StandingsMessage(time=round(race.clock * TICK, 2), standings=race.standings())
            )
        if int(self.ticks * TICK * FRAME_HZ) != int((self.ticks - 1) * TICK * FRAME_HZ):
            self._show()

    def description(self) -> messages.RaceMessage:
        """The race as it stands, for viewers."""
        return messages.RaceMessage(protocol=PROTOCOL_VERSION, race=self.race.describe())

    def _trace(self, seconds: float) -> None:
        """A heat that has ended as a span."""
        race = self.race
        about: dict[str, str | int] = {"race": race.id, "track": race.track.id}
        span("heat", seconds, {**about, "heat": race.heat, "cars": len(race.grid)})

    def _tell(self, message: messages.WatchMessage) -> None:
        """A text to all viewers."""
        if self.viewers:
            text = msgspec.json.encode(message).decode()
            for viewer in self.viewers:
                viewer.text(text)

    def _show(self) -> None:
        """A pose frame to all viewers."""
        if self.viewers and self.race.cars:
            frame = pack_rows(Kind.POSES, self.race.poses(), self.race.clock)
            for viewer in self.viewers:
                viewer.frame(frame)

    def _push(self) -> None:
        """What their cars sense to the agents that want to be told."""
        for agent_id, outbox in self.drivers.items():
            entrant = self.race.entrants.get(agent_id)
            if entrant is not None and outbox is not None:
                outbox.frame(msgspec.json.encode(self.race.answer(entrant, seq=entrant.seq)))


class Races:
    """The races of the service, by id; the first one is meant where none is named."""

    def __init__(self, races: Sequence[Race], keep: archive.Retention | None = None) -> None:
        self.live = {race.id: LiveRace(race, keep) for race in races}
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Drive the races for as long as this lasts."""
        self._tasks = [asyncio.create_task(live.run()) for live in self.live.values()]
        for task in self._tasks:
            task.add_done_callback(_report)
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def trouble(self) -> str | None:
        """Why a race is not driven, or None."""
        stopped = len(self._tasks) < len(self.live) or any(task.done() for task in self._tasks)
        return "a race has stopped: the service's log says why" if stopped else None

    def named(self, id: str | None = None) -> LiveRace:
        """The race of this id, or the first.

        Raises:
            InputError: Status 404; names the races that there are.
        """
        if id is None and self.live:
            return next(iter(self.live.values()))
        if id is None or id not in self.live:
            known = ", ".join(self.live) or "none: the service hosts another environment"
            raise InputError(f"no race {id or ''}; known are {known}", status=404, field="race")
        return self.live[id]

    def joined(self, agent_id: str) -> LiveRace | None:
        """The race that an agent is in, if it is in one."""
        return next((live for live in self.live.values() if agent_id in live.race.entrants), None)

    def of(self, agent_id: str) -> LiveRace:
        """The race that an agent is in.

        Raises:
            InputError: Status 404; names the agents that there are.
        """
        if (live := self.joined(agent_id)) is not None:
            return live
        known = [agent for live in self.live.values() for agent in live.race.entrants]
        raise InputError(
            f"no agent {agent_id}; known are {', '.join(known) or 'none'}: add it with POST /api/agents/add",
            status=404,
            field="agent_id",
        )


def _report(task: asyncio.Task[None]) -> None:
    """A race that stops by itself is a fault of ours: it goes to the log."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("a race has stopped", exc_info=error)
