"""A batch of worlds in an environment service, as if it were here."""

from __future__ import annotations

from typing import Any

import gymnasium
import msgspec
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.sync.client import ClientConnection

from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.client import ANSWER_TIMEOUT, patiently, service_url
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import FINAL_INFO, Floats, Kind, Step, pack_rows, unpack_rows, unpack_step
from trackmania_rl.protocol.spaces import space
from trackmania_rl.protocol.streams import control, open_stream

_RECORDED: msgspec.json.Decoder[messages.BatchRecorded | messages.StreamError | messages.Goodbye] = (
    msgspec.json.Decoder(messages.RecordAnswer)
)
_FINAL_TYPES = {"finished": np.bool_, "cause": np.uint8}
"""Types of the final info that are not float32, as the environments have them."""


class StreamLostError(InputError):
    """An open stream broke: the service stopped, or the network did."""


class RemoteVectorEnv(VectorEnv[Floats, NDArray[Any], Any]):
    """A batch of worlds in an environment service: the same Gymnasium interface as a local batch.

    When the service goes away in the middle of a step, the client waits for it up to `patience` seconds,
    resets, and reports the cut as an ordinary truncation of all episodes (reward 0, the last observation
    seen as the final one) with `info["interrupted"]` set.

    Args:
        url: Address of the environment service.
        env: Id of the environment, e.g. "TrackMania/Horizon-v0".
        worlds: Number of parallel worlds.
        track: Track's id; None: the environment's default.
        options: Keyword arguments of the environment.
        token: Token of a service that asks for one.
        patience: Longest wait for a service that is not there [s].

    Raises:
        InputError: No service answers, or it refuses.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(
        self,
        url: str,
        env: str,
        worlds: int,
        *,
        track: str | None = None,
        options: dict[str, Any] | None = None,
        token: str | None = None,
        patience: float = 0.0,
    ) -> None:
        self.url = service_url(url)
        self.patience = patience
        self._hello = messages.BatchHello(
            protocol=PROTOCOL_VERSION,
            env=env,
            worlds=worlds,
            track=track,
            options=options or {},
            token=token,
        )
        self._stream, welcome = patiently(self._open, patience)
        assert welcome.spec is not None
        self.environment_spec = welcome.spec
        self.metadata = {**self.metadata, "version": welcome.spec.version}
        self.num_envs = worlds
        self.single_observation_space = space(welcome.spec.observation)
        self.single_action_space = space(welcome.spec.action)
        self.observation_space = batch_space(self.single_observation_space, worlds)
        self.action_space = batch_space(self.single_action_space, worlds)
        self._seq = 0
        self._observations: Floats | None = None

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin new episodes in all worlds."""
        if isinstance(seed, list):
            raise InputError("one seed per world does not travel over the wire: give one seed", field="seed")
        try:
            self._observations = self._reset(seed)
        except ConnectionClosed:
            self._reconnect()
            self._observations = self._reset(seed)
        return self._observations, {}

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Drive all worlds one step; worlds whose episode ends begin a new one in the same step."""
        if self._observations is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        rows = np.asarray(actions, np.float32).reshape(self.num_envs, -1)
        self._seq = (self._seq + 1) & 0x7FFFFFFF
        try:
            self._stream.send(pack_rows(Kind.ACTIONS, rows, self._seq))
            step, _ = unpack_step(_binary(self._receive()))
        except ConnectionClosed:
            return self._interrupted()
        self._observations = self._shaped(step.observations)
        return (
            self._observations,
            step.rewards.copy(),
            step.terminated.copy(),
            step.truncated.copy(),
            self._info(step),
        )

    def record(self, world: int, actions: NDArray[Any], name: str, replay: str) -> str | None:
        """Let the service keep an episode of a world as a replay.

        Returns:
            Its id; None where the worlds cannot be told by a tape, as all that are not ours, or the service
            went away meanwhile.

        Raises:
            InputError: The service refuses; with its words.
        """
        if not self.environment_spec.track:
            return None
        request = messages.BatchRecord(world=world, actions=actions.tolist(), name=name, replay=replay)
        try:
            self._stream.send(msgspec.json.encode(request), text=True)
            answer = _RECORDED.decode(self._receive())
        except ConnectionClosed:
            return None  # the next step finds out
        if isinstance(answer, messages.StreamError):
            raise InputError(answer.detail)
        return answer.replay if isinstance(answer, messages.BatchRecorded) else None

    def close_extras(self, **_: Any) -> None:
        """Close the stream; the service lets go of the worlds."""
        self._stream.close()

    def _open(self) -> tuple[ClientConnection, messages.Welcome]:
        return open_stream(self.url, self._hello)

    def _reset(self, seed: int | None) -> Floats:
        self._stream.send(msgspec.json.encode(messages.BatchReset(seed=seed)), text=True)
        rows, _ = unpack_rows(_binary(self._receive()), Kind.OBSERVATIONS)
        return self._shaped(rows)

    def _receive(self) -> str | bytes:
        try:
            data: str | bytes = self._stream.recv(ANSWER_TIMEOUT)
        except TimeoutError as error:
            raise StreamLostError(
                f"the environment service at {self.url} has not answered for {ANSWER_TIMEOUT:.0f} s: "
                "look into its log, or take fewer worlds"
            ) from error
        return data

    def _reconnect(self) -> None:
        """Open the stream again.

        Raises:
            InputError: The service stays away, or has other spaces now.
        """
        self._stream, welcome = patiently(self._open, self.patience)
        if welcome.spec != self.environment_spec:
            raise StreamLostError(
                f"the environment service at {self.url} came back with another {self._hello.env}: start anew"
            )

    def _interrupted(
        self,
    ) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """The step that never came back: every episode was cut off where it was last seen."""
        assert self._observations is not None
        final = self._observations
        self._reconnect()
        self._observations = self._reset(None)
        everywhere = np.ones(self.num_envs, np.bool_)
        unknown = np.full((self.num_envs, len(FINAL_INFO)), np.nan, np.float32)
        info = self._final(np.arange(self.num_envs), final.reshape(self.num_envs, -1), unknown)
        info["interrupted"] = everywhere.copy()
        nothing = np.zeros(self.num_envs, np.float32)
        return self._observations, nothing, ~everywhere, everywhere, info

    def _info(self, step: Step) -> dict[str, Any]:
        if not len(step.ended):
            return {}
        return self._final(step.ended, step.final_observations, step.final_info)

    def _final(self, ended: NDArray[Any], observations: Floats, info: Floats) -> dict[str, Any]:
        """Gymnasium's account of ended episodes: arrays over all worlds with masks."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[ended] = True
        final = np.zeros((self.num_envs, observations.shape[1]), np.float32)
        final[ended] = observations
        values: dict[str, NDArray[Any]] = {}
        for column, name in enumerate(FINAL_INFO):
            if not np.isnan(info[:, column]).all():  # else the environment does not say
                values[name] = np.zeros(self.num_envs, _FINAL_TYPES.get(name, np.float32))
                values[name][ended] = info[:, column]
        return {
            "final_obs": self._shaped(final),
            "_final_obs": mask,
            "final_info": values,
            "_final_info": mask,
        }

    def _shaped(self, rows: Floats) -> Floats:
        """Flat rows of the wire as the observation space has them."""
        shape, dtype = self.observation_space.shape, self.observation_space.dtype
        assert shape is not None
        return rows.reshape(shape).astype(dtype)  # a copy: the frame's memory is read-only


def _binary(data: str | bytes) -> bytes:
    """A binary frame; a text frame in its place says why there is none."""
    if isinstance(data, str):
        control(data)
        raise ConnectionClosedOK(None, None)  # goodbye: the close frame follows
    return data
