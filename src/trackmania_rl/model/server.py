"""The model service: agents that learn, their policies, runs and checkpoints, over REST and WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import numpy as np
from litestar import Litestar, WebSocket, delete, get, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody, QueryParameter

from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.runs.endings import ENDINGS_MAX, read_endings
from trackmania_rl.model.runs.metrics import Curves
from trackmania_rl.model.runs.runs import FileCurves, list_checkpoints, list_runs, run_folder
from trackmania_rl.model.training.highlights import read_highlights
from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    AgentCreate,
    AgentsMessage,
    AgentStatus,
    AgesRequest,
    CheckpointLoad,
    CheckpointSummary,
    MetricsMessage,
    Prediction,
    PredictRequest,
    Race,
    Ratings,
    RunEndings,
    RunHighlights,
    RunMetrics,
    RunSummary,
    TournamentRequest,
)
from trackmania_rl.protocol.metrics import HOT, Metric
from trackmania_rl.protocol.service import service_app

WATCH_PERIOD = 0.5
"""Time between looks for news to send to those that watch [s]."""
AGENTS_PERIOD = 1.0
"""Time between two messages about all agents [s]."""
POINTS_MAX = 5000
"""Most points of a curve in one answer."""


def model_app(pool: Agents, access: Access | None = None, curves: Curves | None = None) -> Litestar:
    """The service around its agents; they are stopped, saved, when it stops.

    Args:
        pool: The agents.
        access: Who may do what.
        curves: Where the curves of runs are read; the runs' files if None.
    """
    stored = curves or FileCurves()
    generator = np.random.default_rng()

    @get("/api/agents", sync_to_thread=False, tags=["agents"])
    def agents() -> list[AgentStatus]:
        """All agents and how they are."""
        return [agent.status() for agent in pool.all()]

    @post("/api/agents", sync_to_thread=True, tags=["agents"])
    def create(data: JSONBody[AgentCreate]) -> AgentStatus:
        """Bring in a new agent, which begins to learn and to race at once."""
        return pool.add(data).status()

    @delete("/api/agents/{agent_id:str}", sync_to_thread=True, tags=["agents"])
    def remove(agent_id: FromPath[str]) -> None:
        """Take an agent out, saved. Its run and checkpoints stay."""
        pool.remove(agent_id)

    @post("/api/agents/{agent_id:str}/start", sync_to_thread=True, status_code=200, tags=["agents"])
    def start(agent_id: FromPath[str]) -> AgentStatus:
        """Learn on, after a pause or a failure."""
        agent = pool.get(agent_id)
        agent.start()
        return agent.status()

    @post("/api/agents/{agent_id:str}/pause", sync_to_thread=True, status_code=200, tags=["agents"])
    def pause(agent_id: FromPath[str]) -> AgentStatus:
        """Rest, saved; the car goes on racing."""
        agent = pool.get(agent_id)
        agent.pause()
        return agent.status()

    @post("/api/agents/{agent_id:str}/save", sync_to_thread=True, status_code=200, tags=["agents"])
    def save(agent_id: FromPath[str]) -> AgentStatus:
        """Write the learner's state now; answers when it is on disk."""
        agent = pool.get(agent_id)
        agent.save()
        return agent.status()

    @post("/api/agents/{agent_id:str}/load", sync_to_thread=True, status_code=200, tags=["agents"])
    def load(agent_id: FromPath[str], data: JSONBody[CheckpointLoad]) -> AgentStatus:
        """Go on from a checkpoint, as a new run."""
        return pool.load(agent_id, data.checkpoint).status()

    @post("/api/predict", sync_to_thread=False, status_code=200, opt={HOT: True}, tags=["agents"])
    def predict(data: JSONBody[PredictRequest]) -> Prediction:
        """Actions of an agent's newest policy for one observation or many."""
        policy = pool.get(data.agent_id).policy
        if policy is None:
            raise InputError(
                f"agent {data.agent_id!r} has no policy yet: try again in some seconds", status=409
            )
        for row in data.observation:
            if len(row) != policy.observations:
                raise InputError(
                    f"an observation has {len(row)} numbers, expected {policy.observations}",
                    field="observation",
                )
        rows = np.asarray(data.observation, np.float32).reshape(-1, policy.observations)
        action = policy.act(rows, None if data.deterministic else generator)
        return Prediction(
            agent_id=data.agent_id, action=action.reshape(len(rows), -1).tolist(), policy=policy.version
        )

    @post("/api/tournament", sync_to_thread=True, status_code=200, tags=["ratings"])
    def compete(data: JSONBody[TournamentRequest]) -> Ratings:
        """Let policies race one another, with contact, and rate them; answers when all races are over."""
        return pool.compete(data)

    @get("/api/ratings", sync_to_thread=False, tags=["ratings"])
    def ratings() -> Ratings:
        """The table of the newest tournament."""
        if pool.ratings is None:
            raise InputError("there was no tournament yet: POST /api/tournament holds one", status=404)
        return pool.ratings

    @get("/api/runs", sync_to_thread=True, tags=["runs"])
    def runs() -> list[RunSummary]:
        """All runs, newest first."""
        return list_runs()

    @get("/api/runs/{run:str}/metrics", sync_to_thread=True, tags=["runs"])
    def metrics(
        run: FromPath[str],
        keys: Annotated[
            str | None, QueryParameter(description="Names of curves, separated by commas.")
        ] = None,
        points: Annotated[
            int, QueryParameter(ge=2, le=POINTS_MAX, description="Most points of a curve.")
        ] = 500,
    ) -> RunMetrics:
        """Learning curves of a run, down-sampled; all of them if none is named."""
        named = keys.split(",") if keys else None
        return RunMetrics(run=run, curves=stored.read(run, named, points))

    @get("/api/runs/{run:str}/endings", sync_to_thread=True, tags=["runs"])
    def endings(
        run: FromPath[str],
        since: Annotated[int, QueryParameter(ge=0, description="Only episodes after this one.")] = 0,
        limit: Annotated[
            int, QueryParameter(ge=1, le=ENDINGS_MAX, description="Most endings.")
        ] = ENDINGS_MAX,
    ) -> RunEndings:
        """Where and why the episodes of a run ended; many are thinned evenly."""
        return read_endings(run_folder(run), since, limit)

    @get("/api/runs/{run:str}/highlights", sync_to_thread=True, tags=["runs"])
    def highlights(
        run: FromPath[str],
        all: Annotated[
            bool, QueryParameter(description="Every one, not only the newest of each kind.")
        ] = False,
    ) -> RunHighlights:
        """Best lap, worst crash, biggest improvement ...: moments worth seeing, with their replays."""
        return RunHighlights(run=run, highlights=read_highlights(run_folder(run), all))

    @post("/api/runs/{run:str}/race", sync_to_thread=True, status_code=200, tags=["runs"])
    def race(run: FromPath[str], data: JSONBody[AgesRequest]) -> Race:
        """Let the run's policies of increasing age race in the environment service; answers with the race."""
        return pool.ages.race(run, data.cars)

    @delete("/api/runs/{run:str}/race", sync_to_thread=True, tags=["runs"])
    def end_race(run: FromPath[str]) -> None:
        """Take them out of that race again."""
        run_folder(run)  # 404 for one that does not exist
        pool.ages.leave()

    @get("/api/checkpoints", sync_to_thread=True, tags=["runs"])
    def checkpoints() -> list[CheckpointSummary]:
        """All saved policies, newest first."""
        return list_checkpoints()

    @websocket("/api/watch")
    async def watch(socket: WebSocket) -> None:  # type: ignore[type-arg]
        """Agents about once a second, and new points of their curves as they come."""
        await socket.accept()
        reader = asyncio.create_task(_until_closed(socket))
        seen = {agent: agent.reports for agent in pool.all()}
        due = 0.0
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while not reader.done():
                if clock() >= due:
                    due = clock() + AGENTS_PERIOD
                    statuses = [agent.status() for agent in pool.all()]
                    await _send(socket, AgentsMessage(protocol=PROTOCOL_VERSION, agents=statuses))
                for agent in pool.all():
                    if agent.reports > seen.get(agent, 0):
                        seen[agent] = agent.reports
                        newest = agent.history[-1]
                        await _send(
                            socket,
                            MetricsMessage(
                                run=agent.kept.run,
                                agent_id=agent.create.agent_id,
                                step=newest.steps,
                                seconds=newest.seconds,
                                values=newest.values,
                            ),
                        )
                await asyncio.wait([reader], timeout=WATCH_PERIOD)
        reader.cancel()

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(pool.close)

    return service_app(
        "model",
        [
            agents,
            create,
            remove,
            start,
            pause,
            save,
            load,
            predict,
            compete,
            ratings,
            runs,
            metrics,
            endings,
            highlights,
            race,
            end_race,
            checkpoints,
            watch,
        ],
        access=access,
        metrics=lambda: _figures(pool),
        lifespan=lifespan,
    )


async def _until_closed(socket: WebSocket) -> None:  # type: ignore[type-arg]
    """Wait until the other side goes; what it says meanwhile is not for us."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_data("text")


async def _send(socket: WebSocket, message: msgspec.Struct) -> None:  # type: ignore[type-arg]
    await socket.send_data(msgspec.json.encode(message).decode(), "text")


def _figures(pool: Agents) -> list[Metric]:
    """What /metrics shows of the agents."""
    statuses = [agent.status() for agent in pool.all()]

    def per_agent(name: str) -> dict[str, float]:
        known = {status.agent_id: getattr(status, name) for status in statuses}
        return {f'agent="{id}"': float(value) for id, value in known.items() if value is not None}

    return [
        Metric("trackmania_agents", "gauge", "Agents of this service.", float(len(statuses))),
        Metric(
            "trackmania_agent_steps_total", "counter", "Environment steps learned from.", per_agent("steps")
        ),
        Metric("trackmania_agent_updates_total", "counter", "Updates of the networks.", per_agent("updates")),
        Metric(
            "trackmania_agent_updates_per_second",
            "gauge",
            "Speed of learning.",
            per_agent("updates_per_second"),
        ),
        Metric(
            "trackmania_agent_finish_rate",
            "gauge",
            "Share of evaluations that finish.",
            per_agent("finish_rate"),
        ),
        Metric(
            "trackmania_agent_lap_time_best_seconds",
            "gauge",
            "Best finish of an evaluation.",
            per_agent("lap_time_best"),
        ),
        Metric("trackmania_agent_racing", "gauge", "1 while its car drives.", per_agent("racing")),
    ]
