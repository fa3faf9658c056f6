"""The real game through TMRL's real-time Gym, or a race of ours that stands in for it.

`tmrl` is TMRL's own environment (`tmrl.get_environment()`), on a machine with the game, its gamepad driver
and its screen: all of that is TMRL's. `tmrl:URL` has the same clock and observations (rtgym, TM20LIDAR), but
speaks to an environment service with --tmrl-port: telemetry comes over the OpenPlanet socket, as there;
in place of the gamepad actions go over the service's driving stream, and in place of the screen grab the 19
distances come with its answers, in metres. Reward and end are the service's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from trackmania_rl.protocol import messages
from trackmania_rl.protocol.client import ServiceClient
from trackmania_rl.protocol.driving import DriveClient
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.openplanet import PORT, Telemetry, TelemetryClient

NAME = "tmrl"
AGENT = "tmrl"
"""Agent of the stand-in's car."""
BEAMS, SCANS = 19, 4
CLOCK = {
    "time_step_duration": 0.05,
    "start_obs_capture": 0.04,
    "time_step_timeout_factor": 1.0,
    "act_buf_len": 2,
    "ep_max_length": 1000,
    "wait_on_done": True,
}
"""TMRL's settings of rtgym (config/config_constants.py)."""
WAIT = 10.0
"""Longest wait for the race to begin and for its first answer [s]."""
RETRY = 0.1
"""Pause between attempts to get the car [s]."""


def make(url: str | None = None, port: int = PORT) -> gymnasium.Env[Any, Any]:
    """TMRL's environment with flat observations: speed [m/s], four scans, the two newest actions.

    Args:
        url: Environment service that stands in for the game; None: the game.
        port: Its OpenPlanet port.

    Raises:
        InputError: A package is missing, or nobody answers.
    """
    real = _game() if url is None else _stand_in(url, port)
    env = gymnasium.wrappers.FlattenObservation(real)
    env.metadata = {**env.metadata, "real_time": True}
    return env


def _game() -> gymnasium.Env[Any, Any]:
    try:
        from tmrl import get_environment
    except ImportError as error:
        raise InputError(
            f"{NAME} is the real game and needs TMRL on its machine ({error}): pip install tmrl; "
            f"{NAME}:URL drives a race of an environment service in its place",
            field="env",
        ) from error
    game: gymnasium.Env[Any, Any] = get_environment()
    return game


class _Leaving(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Closes the stand-in with its environment, which rtgym does not."""

    def __init__(self, env: gymnasium.Env[Any, Any], stand_in: StandIn) -> None:
        super().__init__(env)
        self._stand_in = stand_in

    def close(self) -> None:
        super().close()
        self._stand_in.close()


def _stand_in(url: str, port: int) -> gymnasium.Env[Any, Any]:
    try:
        import rtgym  # noqa: F401 (registers its environments)
    except ImportError as error:
        raise InputError(f"{NAME}:URL needs rtgym ({error}): pip install rtgym", field="env") from error
    stand_in = StandIn(url, port)
    config = {
        "interface_args": (),
        "act_in_obs": True,
        "reset_act_buf": True,
        "benchmark": False,
        "benchmark_polyak": 0.1,
        "benchmark_type": "polyak",
        "last_act_on_reset": False,
        **CLOCK,
        "interface": lambda: stand_in,
        "interface_kwargs": {},
    }
    return _Leaving(gymnasium.make("real-time-gym-ts-v1", config=config, disable_env_checker=True), stand_in)


class StandIn:
    """rtgym's interface (RealTimeGymInterface) to a car of an environment service.

    Args:
        url: Address of the service.
        port: Its OpenPlanet port.
    """

    def __init__(self, url: str, port: int) -> None:
        self._url = url
        self._client = DriveClient(url, messages.AgentAdd(agent_id=AGENT))
        self._telemetry = TelemetryClient(port=port)
        self._newest: messages.ActionAnswer | None = None
        self._earned = 0.0
        self._problem = ""
        self._closed = False
        self._last = Telemetry(*[0.0] * len(Telemetry._fields))
        self._changed = threading.Condition()
        self._scans: deque[NDArray[np.float32]] = deque(maxlen=SCANS)
        threading.Thread(target=self._listen, name="stand-in", daemon=True).start()

    def get_observation_space(self) -> gymnasium.Space[Any]:
        """Speed and scans; rtgym adds the actions."""
        return gymnasium.spaces.Tuple(
            (Box(0.0, 1000.0, (1,), np.float32), Box(0.0, np.inf, (SCANS, BEAMS), np.float32))
        )

    def get_action_space(self) -> Box:
        """Gas, brake and steering."""
        return Box(-1.0, 1.0, (3,), np.float32)

    def get_default_action(self) -> NDArray[np.float32]:
        """Nothing pressed."""
        return np.zeros(3, np.float32)

    def send_control(self, control: NDArray[np.float32] | None) -> None:
        """Drive an action; None: leave the last one."""
        if control is not None:
            self._client.act(control)

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[list[Any], dict[str, Any]]:
        """Put the car back to the start, and wait until the race goes on."""
        self._answer(lambda answer: True)
        with ServiceClient(self._url) as client:
            client.post("/api/reset", messages.ResetRequest(agent_id=AGENT), messages.EnvironmentState)
        answer = self._answer(lambda answer: not answer.done)
        scan = self._scan(answer)
        self._scans.extend([scan] * SCANS)
        self._earned = 0.0
        return self._observation(), {}

    def get_obs_rew_terminated_info(self) -> tuple[list[Any], float, bool, dict[str, Any]]:
        """What came last; the reward since the last call."""
        answer = self._answer(lambda answer: True)
        self._scans.append(self._scan(answer))
        with self._changed:
            earned, self._earned = self._earned, 0.0
        finished = bool(self._sensed().finished)
        return self._observation(), earned, answer.done or finished, {}

    def wait(self) -> None:
        """An episode is over: release the pedals."""
        self.send_control(self.get_default_action())

    def close(self) -> None:
        """Leave the race's car alone."""
        self._closed = True
        self._client.close()
        self._telemetry.close()

    def _listen(self) -> None:
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            try:
                for answer in self._client.answers():
                    with self._changed:
                        self._newest = answer
                        self._earned += answer.reward
                        self._changed.notify_all()
                return
            except InputError as error:  # e.g. the car's former driver is still taking leave
                self._problem = str(error)
                time.sleep(RETRY)

    def _answer(self, holds: Callable[[messages.ActionAnswer], bool]) -> messages.ActionAnswer:
        deadline = time.monotonic() + WAIT
        with self._changed:
            while self._newest is None or not holds(self._newest):
                if not self._changed.wait(deadline - time.monotonic()):
                    why = f": {self._problem}" if self._problem else ""
                    raise InputError(
                        f"the race at {self._url} has not gone on for {WAIT:.0f} s{why}", status=503
                    )
            return self._newest

    def _sensed(self) -> Telemetry:
        """The newest packet; once closed the last one, as rtgym's thread ends its step after that."""
        try:
            self._last = self._telemetry.newest()
        except InputError:
            if not self._closed:
                raise
        return self._last

    def _scan(self, answer: messages.ActionAnswer) -> NDArray[np.float32]:
        return np.array(answer.observation.lidar, np.float32)

    def _observation(self) -> list[Any]:
        speed = max(self._sensed().speed, 0.0)
        return [np.array([speed], np.float32), np.stack(self._scans)]
