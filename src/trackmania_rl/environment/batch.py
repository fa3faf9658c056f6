"""A batch of worlds that a remote learner steps in lockstep."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.show import Show
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol import game
from trackmania_rl.protocol.environments import FOREIGN, make_vector_env, version_of
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import (
    FINAL_INFO,
    Floats,
    Kind,
    Step,
    pack_rows,
    pack_step,
    unpack_rows,
)
from trackmania_rl.protocol.messages import (
    BatchHello,
    BatchRecord,
    BatchRecorded,
    BatchReset,
    EnvironmentSpec,
)
from trackmania_rl.protocol.spaces import describe


class Batch:
    """The worlds of one stream. All methods block: call them in a thread.

    Args:
        hello: What the learner asks for.
        show: What the service hosts in place of races, if anything.

    Raises:
        InputError: Unknown environment, track or option.

    Attributes:
        spec: What the learner gets.
        steps: World steps driven so far.
        seconds: Time that they took [s].
    """

    def __init__(self, hello: BatchHello, show: Show | None = None) -> None:
        self.envs: Any
        if show is not None and hello.env == show.env:
            if hello.track is not None or hello.options:
                raise InputError(
                    f"{hello.env} takes no track and no options here: the service was started with them",
                    field="options",
                )
            self.envs = show.worlds(hello.worlds)
        else:
            check_remote(hello.env, hello.track, hello.options)
            self.envs = make_vector_env(hello.env, hello.worlds, track=hello.track, **hello.options)
        self.spec = specification(hello.env, self.envs)
        self.steps = 0
        self.seconds = 0.0
        self._begun = False

    def reset(self, request: BatchReset) -> bytes:
        """New episodes in all worlds; an observation frame."""
        observations, _ = self.envs.reset(seed=request.seed)
        self._begun = True
        return pack_rows(Kind.OBSERVATIONS, self._rows(observations), 0)

    def step(self, frame: bytes) -> bytes:
        """Drive the actions of an action frame; a step frame.

        Raises:
            InputError: The frame is damaged, of another size, or has a number that is not finite.
        """
        if not self._begun:
            raise InputError("an action came before the first reset: send a reset first")
        try:
            actions, seq = unpack_rows(frame, Kind.ACTIONS)
        except ValueError as error:
            raise InputError(str(error)) from error
        actions = self._checked(actions)
        began = time.perf_counter()
        observations, rewards, terminated, truncated, info = self.envs.step(actions)
        self.seconds += time.perf_counter() - began
        self.steps += self.envs.num_envs
        ended = np.flatnonzero(terminated | truncated)
        step = Step(
            observations=self._rows(observations),
            rewards=np.asarray(rewards, np.float32),
            terminated=terminated,
            truncated=truncated,
            ended=ended.astype(np.uint32),
            final_observations=self._final_observations(info, ended),
            final_info=final_info(info, ended),
        )
        return pack_step(step, seq)

    def record(self, request: BatchRecord) -> BatchRecorded:
        """Keep an episode as a replay.

        Raises:
            InputError: The tape is no tape of these worlds.
        """
        if request.world >= self.envs.num_envs:
            raise InputError(f"world is {request.world}, expected less than {self.envs.num_envs}")
        if not request.actions or any(len(action) != 3 for action in request.actions):
            raise InputError("actions: expected at least one, of 3 numbers each")
        keep = getattr(self.envs.unwrapped, "record", None)
        tape = np.array(request.actions, np.float32)
        return BatchRecorded(replay=keep(request.world, tape, request.name, request.replay) if keep else None)

    def close(self) -> None:
        """Let go of the worlds."""
        self.envs.close()

    def _checked(self, actions: Floats) -> NDArray[Any]:
        """Actions as the environment's action space has them."""
        space = self.envs.action_space
        assert space.shape is not None
        columns = int(np.prod(space.shape[1:]))
        if actions.shape != (self.envs.num_envs, columns):
            raise InputError(f"actions of shape {actions.shape}, expected {(self.envs.num_envs, columns)}")
        if not np.isfinite(actions).all():
            world, column = np.argwhere(~np.isfinite(actions))[0]
            raise InputError(
                f"the action of world {world} has {actions[world, column]} in column {column}, "
                "expected a finite number"
            )
        return actions.reshape(space.shape).astype(space.dtype)

    def _rows(self, observations: NDArray[Any]) -> Floats:
        return np.asarray(observations, np.float32).reshape(self.envs.num_envs, -1)

    def _final_observations(self, info: dict[str, Any], ended: NDArray[np.intp]) -> Floats:
        if not len(ended):
            return np.zeros((0, 0), np.float32)
        final = np.stack([np.asarray(info["final_obs"][world], np.float32) for world in ended])
        return final.reshape(len(ended), -1)


def final_info(info: dict[str, Any], ended: NDArray[np.intp]) -> Floats:
    """The FINAL_INFO of ended episodes, (ended, 7); NaN for what the environment does not say."""
    said = info.get("final_info", {})
    columns = [
        np.asarray(said[name], np.float32)[ended] if name in said else np.full(len(ended), np.nan, np.float32)
        for name in FINAL_INFO
    ]
    return np.stack(columns, axis=1)


def check_remote(env: str, track: str | None, options: dict[str, Any]) -> None:
    """Refuse what would make the service import a module or open a file that a stranger names.

    Raises:
        InputError: With what is allowed.
    """
    if ":" in env.removeprefix(FOREIGN) or env == game.NAME:
        raise InputError(
            f"{env} is not hosted for others, expected TrackMania/... or {FOREIGN}ID: "
            "run your own environments in the learner's process",
            status=403,
            field="env",
        )
    if "track" in options:
        raise InputError(
            "options.track is not for options: name the track beside them", field="options.track"
        )
    if track is not None:
        library.known(track)


def specification(env: str, envs: Any) -> EnvironmentSpec:
    """Spaces and clock of one world."""
    track = getattr(envs.unwrapped, "track", None)
    return EnvironmentSpec(
        env=env,
        track=track.id if track is not None else "",
        track_hash=track.hash if track is not None else "",
        observation=describe(envs.single_observation_space),
        action=describe(envs.single_action_space),
        control_hz=CONTROL_HZ,
        worlds=envs.num_envs,
        version=version_of(envs),
    )
