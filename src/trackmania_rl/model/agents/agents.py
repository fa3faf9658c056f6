"""All agents of the service: brought in, found again after a restart, raced against one another, removed."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Collection, Sequence

import msgspec

from trackmania_rl.model.agents import tournament
from trackmania_rl.model.agents.agent import COLOURS, FILE, Agent, Kept, learner_config
from trackmania_rl.model.agents.ages import Ages
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.runs import CHAMPION, champion_of, checkpoint_file
from trackmania_rl.protocol.environments import FOREIGN
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    AgentCreate,
    Ratings,
    TournamentRequest,
)
from trackmania_rl.protocol.volume import runs_folder

CHAMPION_COLOUR = "#f2f2f2"
AGENTS_MAX = 32
"""Most agents of one service: each learner is a process."""
RACES_MAX = 20
"""Most races of a tournament that a request may ask for (guess)."""


class Agents:
    """All agents of a service.

    Args:
        environment: Address of the environment service in whose race they drive; of several, with commas
            between, each new agent goes to the one in which the fewest of this service race.
        token: Token of those services.
        factories: Environments of the form module:factory that agents may learn. Others of that form are
            refused: a request must not choose what code is run.
        remote_worlds: Environment service on whose worlds they learn; None: on those of their own processes.
    """

    def __init__(
        self,
        *,
        environment: str | None = None,
        token: str | None = None,
        factories: Collection[str] = (),
        remote_worlds: str | None = None,
    ) -> None:
        self._races = [url.strip() for url in environment.split(",")] if environment else []
        self._remote_worlds = remote_worlds
        self._factories = factories
        self._token = token
        self._agents: dict[str, Agent] = {}
        self._lock = threading.Lock()
        self._competing = threading.Lock()
        self.ratings: Ratings | None = None
        """The table of the newest tournament."""
        self.ages = Ages(environment, token)

    def revive(self, track: str | None = None) -> None:
        """Go on with the agents that are kept on the volume; with a track only with those of that track."""
        for path in sorted(runs_folder().glob(f"*/{FILE}")):
            with contextlib.suppress(msgspec.DecodeError):
                kept = msgspec.json.decode(path.read_bytes(), type=Kept)
                if track is not None and kept.create.track != track:
                    continue
                kept.state = "training" if kept.state == "failed" else kept.state
                self._agents[kept.create.agent_id] = self._agent(kept)

    def begin(
        self, count: int, *, env: str, track: str | None, champion: bool, prefix: str = "sac_agent_"
    ) -> None:
        """Create the first agents where they are not there yet: `count` that learn, and the champion."""
        if champion and CHAMPION not in self._agents:
            self.add(
                AgentCreate(
                    agent_id=CHAMPION,
                    env=checkpoints.load(checkpoint_file(champion_of(track))).env,
                    track=track,
                    name="Champion",
                    colour=CHAMPION_COLOUR,
                    checkpoint=champion_of(track),
                    learn=False,
                )
            )
        for number in range(1, count + 1):
            id = f"{prefix}{number}"
            if id not in self._agents:
                self.add(AgentCreate(agent_id=id, env=env, track=track, name=f"SAC {number}", seed=number))

    def add(self, create: AgentCreate) -> Agent:
        """Bring in a new agent.

        Raises:
            InputError: The id is taken, there are too many, or a setting or checkpoint is wrong.
        """
        with self._lock:
            if create.agent_id in self._agents:
                raise InputError(
                    f"agent {create.agent_id!r} exists already: choose another agent_id",
                    status=409,
                    field="agent_id",
                )
            if len(self._agents) >= AGENTS_MAX:
                raise InputError(f"there are {AGENTS_MAX} agents already: remove one first", status=409)
            self._check_source(create)
            if not create.learn and create.checkpoint is None:
                raise InputError("learn is false, expected a checkpoint to drive with", field="checkpoint")
            create.colour = create.colour or COLOURS[len(self._agents) % len(COLOURS)]
            kept = Kept(
                create=create,
                run=_free_run(create.agent_id),
                state="training" if create.learn else "stopped",
            )
            learner_config(kept)
            if create.checkpoint is not None:
                checkpoints.load(checkpoint_file(create.checkpoint))
            agent = self._agents[create.agent_id] = self._agent(kept)
            kept.write()
            return agent

    def get(self, id: str) -> Agent:
        """An agent by its id.

        Raises:
            InputError: Status 404, there is none of that id.
        """
        if id not in self._agents:
            names = ", ".join(self._agents) or "none yet"
            raise InputError(f"agent {id!r} does not exist, known are: {names}", status=404, field="agent_id")
        return self._agents[id]

    def remove(self, id: str) -> None:
        """Take an agent out; its run and checkpoints stay on disk."""
        agent = self.get(id)
        with self._lock:
            del self._agents[id]
        agent.leave()

    def load(self, id: str, checkpoint: str) -> Agent:
        """Let an agent go on from a checkpoint, as a new run.

        Raises:
            InputError: There is no such agent or checkpoint.
        """
        checkpoints.load(checkpoint_file(checkpoint))
        create = self.get(id).create
        self.remove(id)
        return self.add(msgspec.structs.replace(create, checkpoint=checkpoint))

    def compete(self, request: TournamentRequest) -> Ratings:
        """Let checkpoints, or the agents as they are now, race one another.

        Raises:
            InputError: They cannot, or others are at it.
        """
        if request.races > RACES_MAX:
            raise InputError(f"races is {request.races}, expected at most {RACES_MAX}", field="races")
        _check_track(request.track)
        env, options, policies = tournament.entries(self._competitors(request.checkpoints))
        if not self._competing.acquire(blocking=False):
            raise InputError("a tournament is being held: try again when it is over", status=409)
        try:
            table = tournament.hold(
                env,
                policies,
                track=request.track,
                races=request.races,
                contact=request.contact,
                **options,
            )
        finally:
            self._competing.release()
        self.ratings = Ratings(
            track=request.track,
            races=request.races,
            contact=request.contact,
            standings=[standing.message() for standing in table],
        )
        return self.ratings

    def _competitors(self, ids: Sequence[str]) -> dict[str, tournament.Competitor]:
        if ids:
            saved = {id: checkpoints.load(checkpoint_file(id)) for id in ids}
            return {id: tournament.competitor(checkpoint) for id, checkpoint in saved.items()}
        ready = {agent.create.agent_id: agent for agent in self.all() if agent.policy is not None}
        known = {id: agent.competitor() for id, agent in ready.items()}
        first = next(iter(known.values()), None)
        return {id: one for id, one in known.items() if first and one.observes == first.observes}

    def all(self) -> list[Agent]:
        """The agents, oldest first."""
        return list(self._agents.values())

    def close(self) -> None:
        """Stop all learners, saved; they go on when the service starts again."""
        for agent in self.all():
            agent.ask_to_stop()  # all of them save at the same time
        for agent in self.all():
            agent.stop()
        with contextlib.suppress(InputError):  # the environment service is gone already
            self.ages.leave()

    def _check_source(self, create: AgentCreate) -> None:
        """Refuse code and files that a request must not name."""
        if ":" in create.env.removeprefix(FOREIGN) and create.env not in self._factories:
            raise InputError(
                f"env is {create.env!r}, expected a TrackMania id or {FOREIGN}ID: a factory is code, it can "
                "only be named by --env when the service is started",
                field="env",
            )
        if create.track is not None:
            _check_track(create.track)

    def _agent(self, kept: Kept) -> Agent:
        return Agent(kept, environment=self._race(kept), token=self._token, remote_worlds=self._remote_worlds)

    def _race(self, kept: Kept) -> str | None:
        """Where an agent races: where it did, else where the fewest do."""
        if kept.race in self._races:
            return kept.race
        racing = [agent.kept.race for agent in self.all()]
        return min(self._races, key=racing.count, default=None)


def _check_track(track: str) -> None:
    """Refuse files: a request must not choose what is read."""
    if re.search(r"[/\\]", track):
        raise InputError(
            f"track is {track!r}, expected the id of a track: import the file first", field="track"
        )


def _free_run(agent_id: str) -> str:
    """A name for a new run: the agent's, with a number where that is taken."""
    taken = {path.name for path in runs_folder().glob("*")}
    if agent_id not in taken:
        return agent_id
    number = 2
    while f"{agent_id}.{number}" in taken:
        number += 1
    return f"{agent_id}.{number}"
