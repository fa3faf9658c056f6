"""A run's policies of increasing age on one track at once, in a race of the environment service."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from trackmania_rl.model.agents.racing import Racer
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import Checkpoint, senses
from trackmania_rl.model.runs.runs import run_folder
from trackmania_rl.protocol.client import ServiceClient
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd, EnvironmentState, Race, ResetRequest

COLOURS = ((0xA7, 0x8B, 0xFA), (0x2F, 0x9B, 0xFF), (0x2E, 0xE6, 0xA6), (0xFF, 0xD2, 0x3F))
"""From the youngest to the newest policy; between them colours are blended."""


class Ages:
    """The race of one run's ages at a time.

    Args:
        environment: Address of the environment service, if there is one.
        token: Its token, if it asks for one.
    """

    def __init__(self, environment: str | None, token: str | None = None) -> None:
        self._environment, self._token = environment, token
        self._racers: dict[str, Racer] = {}
        self._before: Race | None = None
        self._lock = threading.Lock()

    def race(self, run: str, cars: int) -> Race:
        """Let policies of a run, spread over its training, line up at once; those that race already leave.

        They join a race that is on a track of the run, else the first one, which moves to that track.

        Returns:
            The race as it begins.

        Raises:
            InputError: The run has too few ages, they cannot race, or the environment service refuses.
        """
        files = _spread(checkpoints.ages(run_folder(run)), cars)
        if len(files) < 2:
            raise InputError(
                f"run {run!r} has kept {len(files)} ages of its policy, a race needs 2: train it for longer",
                status=409,
                field="run",
            )
        saved = [checkpoints.load(path) for path in files]
        tracks = _tracks(run, saved[0])
        with self._lock, self._service() as service:
            self._end(service)
            self._before = _place(service, tracks)
            try:
                for place, (path, one) in enumerate(zip(files, saved, strict=True)):
                    policy = f"{run}:{path.stem}"
                    self._join(service, _agent(one, policy, place / (len(saved) - 1)), one)
                moved = None if self._before.track in tracks else tracks[0]
                start = ResetRequest(race=self._before.id, track=moved)
                return service.post("/api/reset", start, EnvironmentState).race
            except InputError:
                self._end(service)
                raise

    def leave(self) -> None:
        """Take them out of the race, which returns to the track that it was on.

        Raises:
            InputError: The environment service does not answer; they stop driving all the same.
        """
        with self._lock:
            if self._racers:
                with self._service() as service:
                    self._end(service)

    @contextlib.contextmanager
    def _service(self) -> Iterator[ServiceClient]:
        if self._environment is None:
            raise InputError("the model service was started without --environment: no race", status=409)
        with ServiceClient(self._environment, token=self._token) as service:
            yield service

    def _join(self, service: ServiceClient, agent: AgentAdd, saved: Checkpoint) -> None:
        agent.race = self._before.id if self._before else None
        service.post("/api/agents/add", agent, Race)
        policy = saved.policy()
        self._racers[agent.agent_id] = Racer(service.url, agent, lambda: policy, self._token)

    def _end(self, service: ServiceClient) -> None:
        racers, self._racers = self._racers, {}
        before, self._before = self._before, None
        for racer in racers.values():
            racer.leave()
        for agent_id in racers:
            with contextlib.suppress(InputError):  # gone already where the service was started anew
                service.delete(f"/api/agents/{agent_id}")
        now = {race.id: race for race in service.get("/api/races", list[Race])}
        if before is not None and before.id in now and now[before.id].track != before.track:
            back = ResetRequest(race=before.id, track=before.track)
            service.post("/api/reset", back, EnvironmentState)


def _spread(ages: Sequence[Path], count: int) -> list[Path]:
    """So many of them, evenly, the first and the newest among them."""
    places = np.linspace(0, len(ages) - 1, min(count, len(ages))).round().astype(int)
    return [ages[place] for place in places]


def _tracks(run: str, saved: Checkpoint) -> list[str]:
    """The tracks of a run whose policies can race.

    Raises:
        InputError: They cannot.
    """
    if not saved.env.startswith("TrackMania/"):
        raise InputError(f"run {run!r} learns {saved.env}, which has no races", status=409, field="run")
    if special := senses(saved.env_options):
        raise InputError(
            f"run {run!r} observes with {special}, a race without: only its tournament can be held",
            status=409,
            field="run",
        )
    return saved.track.split(",")


def _place(service: ServiceClient, tracks: Sequence[str]) -> Race:
    """The race to join: one on such a track if there is one."""
    races = service.get("/api/races", list[Race])
    if not races:
        raise InputError("the environment service has no race", status=409)
    return next((race for race in races if race.track in tracks), races[0])


def _agent(saved: Checkpoint, policy: str, age: float) -> AgentAdd:
    """Who drives a policy that was saved at an age of 0 (youngest) to 1."""
    at = np.linspace(0.0, 1.0, len(COLOURS))
    red, green, blue = (round(float(np.interp(age, at, channel))) for channel in zip(*COLOURS, strict=True))
    return AgentAdd(
        agent_id=f"age-{saved.steps}",
        name=_steps(saved.steps),
        colour=f"#{red:02x}{green:02x}{blue:02x}",
        observation=saved.env,
        policy=policy,
    )


def _steps(steps: int) -> str:
    """How much it had learned, for people."""
    if steps >= 1_000_000:
        return f"{steps / 1e6:.3g}M steps"
    return f"{steps / 1e3:.3g}k steps" if steps >= 1_000 else f"{steps} steps"
