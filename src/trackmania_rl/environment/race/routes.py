"""The routes of the races: drive and see them; and how they go, in figures."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.race.races import Races
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.metrics import HOT, Metric


def race_routes(races: Races) -> list[Any]:
    """Drive and see the races."""

    @post("/api/action", status_code=200, sync_to_thread=False, opt={HOT: True}, tags=["races"])
    def act(data: JSONBody[messages.ActionRequest]) -> messages.ActionAnswer:
        """Take an agent's action for the coming step of 50 ms; answer with what its car senses now."""
        return races.of(data.agent_id).race.act(data)

    @get("/api/state", sync_to_thread=False, tags=["races"])
    def state(race: FromQuery[str | None] = None) -> messages.EnvironmentState:
        """A race as it stands: clock, leaderboard, and what every agent senses."""
        return _state(races.named(race).race)

    @post("/api/reset", status_code=200, tags=["races"])
    async def reset(data: JSONBody[messages.ResetRequest]) -> messages.EnvironmentState:
        """Start a race anew, on another track if one is named; with `agent_id` only that car."""
        live = races.of(data.agent_id) if data.agent_id else races.named(data.race)
        track = None
        if data.track is not None:
            library.known(data.track)
            track = await asyncio.to_thread(library.load, data.track)
        live.race.reset(track=track, agent_id=data.agent_id, checkpoint=data.checkpoint, seed=data.seed)
        return _state(live.race)

    @post("/api/agents/add", status_code=200, sync_to_thread=False, tags=["races"])
    def add(data: JSONBody[messages.AgentAdd]) -> messages.Race:
        """Bring an agent into a race: at once when nobody races, else from the next heat on."""
        race = (races.joined(data.agent_id) or races.named(data.race)).race
        race.add(data)
        return race.describe()

    @delete("/api/agents/{agent_id:str}", sync_to_thread=False, tags=["races"])
    def remove(agent_id: FromPath[str]) -> None:
        """Take an agent and its car out of its race."""
        races.of(agent_id).race.remove(agent_id)

    @get("/api/races", sync_to_thread=False, tags=["races"])
    def listing() -> list[messages.Race]:
        """All races as they stand."""
        return [live.race.describe() for live in races.live.values()]

    return [act, state, reset, add, remove, listing]


def race_metrics(races: Races) -> list[Metric]:
    """How the races go."""
    live = list(races.live.values())
    return [
        Metric("trackmania_agents", "gauge", "Agents in races.", sum(len(one.race.entrants) for one in live)),
        Metric("trackmania_races", "gauge", "Races in real time.", len(live)),
        Metric("trackmania_heats_total", "counter", "Heats begun.", sum(one.race.heat for one in live)),
        Metric("trackmania_ticks_total", "counter", "Ticks of 10 ms driven.", sum(one.ticks for one in live)),
        Metric(
            "trackmania_tick_late_seconds_total",
            "counter",
            "How late the ticks of races came, added up.",
            sum(one.late for one in live),
        ),
        Metric("trackmania_replays_total", "counter", "Heats recorded.", sum(one.replays for one in live)),
        Metric(
            "trackmania_late_actions_total",
            "counter",
            "Steps whose action was late: the one before was held.",
            sum(one.race.late_actions for one in live),
        ),
        Metric(
            "trackmania_clock_lost_seconds_total",
            "counter",
            "Time that a race's clock gave up because the machine was too busy.",
            sum(one.lost for one in live),
        ),
    ]


def _state(race: Race) -> messages.EnvironmentState:
    return messages.EnvironmentState(
        race=race.describe(),
        standings=race.standings(),
        agents=[race.sensed(entrant) for entrant in race.entrants.values()],
    )
