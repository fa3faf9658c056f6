"""The simulator as Gymnasium environments: a batch of worlds, and a single one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from trackmania_rl.environment.clock import STEP, TICKS_PER_STEP
from trackmania_rl.environment.simulator import faults
from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.environment.simulator.observation import Layout, Observations, Observer
from trackmania_rl.environment.simulator.randomisation import Randomisation, randomisation
from trackmania_rl.environment.simulator.reward import FAULT, Reward, cause_of_end, truncates
from trackmania_rl.environment.simulator.simulator import LIDAR_RANGE, PHYSICS_VERSION, Simulator
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Info = dict[str, Any]

SPEED_SLOWEST = 10.0
"""An average below this runs into the default time limit [m/s] (guess)."""
LINE_SHARE = 0.25
"""Share of the episodes that start at the line with start="anywhere" (guess)."""
SPEED_ANYWHERE = 50.0
"""Fastest start anywhere [m/s] (guess)."""


class TrackVectorEnv(VectorEnv[Any, Any, Any]):
    """A batch of worlds on one track, each with one car, or several that meet on the road.

    Actions are TMRL's: (gas, brake, steering) of -1..1 each; the positive part presses a pedal, steering
    1 is to the right. Autoreset is SAME_STEP: the observation of an ended world is the next episode's
    first one. Then `info` has

        final_obs: (worlds, size), valid where `_final_obs` is True;
        final_info: arrays (worlds,) finished, lap_time [s], track_completion, episode_return, cause
            (index of protocol.frames.CAUSES), start_distance and distance (where along the track the
            episode began and ended, past the start line [m]), valid where `_final_info` is True.

    Every `info` has track_completion and lap_time, (worlds,), of the current episodes. A finish, a fall
    and being stuck terminate; the time limit truncates, and so does a fault of the simulation
    (see CAUSES). All arrays returned are fresh.

    Args:
        num_envs: Number of cars, each with episodes of its own; with one car a world that of the worlds.
        cars_per_world: Cars that share a world: car k of world w has the index w * cars_per_world + k.
        contact: Whether cars that share a world hit and see one another.
        respawn: Whether a car that falls off goes on from its last checkpoint instead of ending the episode.
        track: Id, path or Track.
        observation: Layout of the observation, see Observer.
        lidar: "metric" for distances in metres, or "screen" for TMRL's pixels on the screen (see screen.py).
        beams: LIDAR beams over 180 degrees.
        lidar_range: Longest distance that the LIDAR measures [m].
        delay: Steps from sending an action to the car feeling it. 1 as in the game, where the action
            arrives while the previous one is held; 0 applies it at once.
        start: "line" at the track's spawn point, or "anywhere" at random places and speeds.
        time_limit: Longest episode [s]; default 10 s and the time at 10 m/s.
        stuck_seconds: An episode ends after this long without reaching a new furthest point [s].
        reward: Weights by name, see Reward.
        weather: A forecast such as "rain" or "dry, rain@30, dry@90" (see simulator/weather.py), "any" for
            another preset in every episode, or None for none.
        randomise: Cars and senses that differ from episode to episode: "mild", "strong" or ranges by name,
            {"grip": (0.8, 1.2), "delay": (0, 2)}; see randomisation.py.
        weather_observation: Append rain, wetness, fog, night and wind to the observation.
        device: "cpu" or a CUDA device.
        threads: CPU threads; default all.
        seed: Seed of the first reset that names none.
    """

    metadata = {  # noqa: RUF012
        "render_modes": [],
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "version": PHYSICS_VERSION,
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        cars_per_world: int = 1,
        contact: bool = True,
        respawn: bool = False,
        track: Track | str | Path = "sprint",
        observation: Layout = "lidar",
        lidar: Literal["metric", "screen"] = "metric",
        beams: int = 19,
        lidar_range: float = LIDAR_RANGE,
        delay: int = 1,
        start: Literal["line", "anywhere"] = "line",
        time_limit: float | None = None,
        stuck_seconds: float = 3.0,
        reward: Mapping[str, float] | None = None,
        weather: str | None = None,
        weather_observation: bool = False,
        randomise: Mapping[str, Any] | str | None = None,
        device: str = "cpu",
        threads: int | None = None,
        seed: int | None = None,
        render_mode: None = None,
    ) -> None:
        if lidar not in ("metric", "screen"):
            raise InputError(f"lidar={lidar!r}, expected 'metric' or 'screen'", field="lidar")
        if delay not in (0, 1):
            raise InputError(f"delay={delay!r}, expected 0 or 1 steps", field="delay")
        if start not in ("line", "anywhere"):
            raise InputError(f"start={start!r}, expected 'line' or 'anywhere'", field="start")
        if weather_observation and observation == "camera":
            raise InputError(
                "weather_observation=True with pictures, expected an observation that is a vector",
                field="weather_observation",
            )
        self.track = load_track(track)
        worlds, left_over = divmod(num_envs, max(cars_per_world, 1))
        if left_over:
            raise InputError(
                f"{num_envs} cars cannot share worlds of {cars_per_world}, expected a multiple",
                field="cars_per_world",
            )
        self.simulator = Simulator(
            self.track,
            worlds,
            cars_per_world=cars_per_world,
            contact=contact,
            device=device,
            threads=threads,
            beams=beams,
            lidar_range=lidar_range,
        )
        self.respawn = respawn
        self.observer = Observer(self.simulator, observation, lidar)
        self.delay = delay
        self.start = start
        self.time_limit = time_limit or 10.0 + self.track.length / SPEED_SLOWEST
        self.stuck_seconds = stuck_seconds
        self.reward = _reward(reward or {})
        self.render_mode = render_mode
        self._first_seed = seed
        self.num_envs = num_envs
        self._forecasts = _forecasts(weather)
        self._forecast_of = np.zeros(num_envs, np.intp)
        self._weather = np.zeros((num_envs, len(weathers.COLUMNS)), np.float32)
        self._weather_observation = weather_observation
        self._randomisation = None if randomise is None else randomisation(randomise)
        self._tyres = np.ones(num_envs, np.float32)
        self._noise = np.zeros(num_envs, np.float32)
        self._delay = np.full(num_envs, delay, np.int64)
        self._cars = np.arange(num_envs)
        if self._randomisation is not None or (self._forecasts and lidar == "metric"):
            self.observer.haze = self._blurred
        self.single_observation_space = self._space()
        self.single_action_space = Box(-1.0, 1.0, (3,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.nan_worlds = 0
        """Cars that were reset because their state was no longer a number."""
        longest = delay
        if self._randomisation is not None and self._randomisation.delay is not None:
            longest = int(self._randomisation.delay[1])
        self._sent = np.zeros((longest + 1, num_envs, 3), np.float32)  # newest first
        self._steps = np.zeros(num_envs, np.int64)
        self._idle = np.zeros(num_envs, np.int64)
        self._return = np.zeros(num_envs, np.float32)
        self._began = np.zeros(num_envs, np.float32)  # where its episode began, past the start line [m]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Info]:
        """Start a new episode in every world."""
        super().reset(seed=self._first_seed if seed is None else seed)
        self._first_seed = None
        observation = self.restart(np.arange(self.num_envs))
        return observation, self._info()

    def step(self, actions: Floats) -> tuple[Observations, Floats, Bools, Bools, Info]:
        """Advance every world by one step of 50 ms; worlds whose episode ends begin the next one."""
        observation, reward, cause = self.advance(actions)
        truncated = truncates(cause)
        terminated = (cause > 0) & ~truncated
        info = self._info()
        ended = np.flatnonzero(cause)
        if len(ended):
            info |= {
                "final_obs": observation.copy(),
                "_final_obs": cause > 0,
                "final_info": self.final_info(cause),
                "_final_info": cause > 0,
            }
            observation[ended] = self.restart(ended)
        return observation, reward, terminated, truncated, info

    # --- the parts of a step, shared with the single environment ----------------------------------

    def advance(self, actions: Floats) -> tuple[Observations, Floats, NDArray[np.uint8]]:
        """Drive one step without autoreset: observation, reward and cause of end of every world."""
        sent = self._checked(actions)
        self._sent[1:] = self._sent[:-1]
        self._sent[0] = sent
        felt = self._sent[self.delay] if self._randomisation is None else self._sent[self._delay, self._cars]
        applied = np.maximum(felt, FLOOR)
        simulator = self.simulator
        if self._forecasts:
            self._feel_weather()
        before, already = simulator.furthest, simulator.finished
        simulator.step(applied, TICKS_PER_STEP)
        broken = self._mend(applied)
        if broken is not None:
            before[broken] = simulator.furthest[broken]
        gain = simulator.furthest - before
        finished, fallen = simulator.finished & ~already, simulator.fallen
        reward = self.reward(gain, finished, simulator.wall_impact, fallen)
        if self.respawn and fallen.any():
            simulator.respawn(np.flatnonzero(fallen))
            fallen = np.zeros_like(fallen)
        self._steps += 1
        self._idle = np.where(gain > 0, 0, self._idle + 1)
        self._return += reward
        cause = cause_of_end(
            finished,
            fallen,
            self._idle * STEP >= self.stuck_seconds,
            self._steps * STEP >= self.time_limit,
        )
        if broken is not None:
            cause[broken] = FAULT
        return self._with_weather(self.observer.observe(sent), self._weather), reward, cause

    def _checked(self, actions: Floats) -> Floats:
        """Actions within -1..1.

        Raises:
            InputError: Another shape, or a number that is not finite.
        """
        sent = np.asarray(actions, np.float32)
        if sent.shape != (self.num_envs, 3):
            raise InputError(f"actions of shape {sent.shape}, expected {(self.num_envs, 3)}", field="actions")
        if not np.isfinite(sent).all():
            car, column = np.argwhere(~np.isfinite(sent))[0]
            raise InputError(
                f"the action of world {car} has {sent[car, column]} in column {column}, "
                "expected a finite number of -1 to 1",
                field="actions",
            )
        return np.minimum(np.maximum(sent, -1.0), 1.0)

    def _mend(self, applied: Floats) -> NDArray[np.intp] | None:
        """Put cars whose state is no longer a number back to the start, and keep what is left of them.

        Returns:
            Their indices; None where all is well.
        """
        state = self.simulator.fields()
        if math.isfinite(state.sum()):
            return None
        broken = np.flatnonzero(~np.isfinite(state).all(axis=0))
        if not len(broken):  # the sum alone was too large
            return None
        self.nan_worlds += len(broken)
        faults.keep(state[:, broken], applied[broken], self.track)
        self.simulator.condition(broken, grip=1.0, power=1.0, braking=1.0, steering=1.0, wind=(0.0, 0.0))
        self.simulator.spawn(broken)
        return broken

    def restart(self, worlds: NDArray[np.intp]) -> Observations:
        """Begin new episodes in some worlds and return their first observations."""
        count = len(worlds)
        if self.start == "line":
            self.simulator.spawn(worlds)
            self._began[worlds] = 0.0
        else:
            random = self.np_random
            anywhere = random.random(count) >= LINE_SHARE
            self._began[worlds] = anywhere * random.uniform(0.0, 0.95, count) * self.track.length
            self.simulator.spawn(
                worlds,
                arc=self.track.start + self._began[worlds],
                lateral=anywhere * random.uniform(-8.0, 8.0, count),
                speed=anywhere * random.uniform(0.0, SPEED_ANYWHERE, count),
            )
        self._sent[:, worlds] = 0.0
        self._steps[worlds] = self._idle[worlds] = 0
        self._return[worlds] = 0.0
        if self._randomisation is not None:
            self._randomise(self._randomisation, worlds)
        if self._forecasts:
            self._forecast_of[worlds] = self.np_random.integers(len(self._forecasts), size=count)
            self._weather[worlds] = self._weather_of(worlds)
            self.observer.show(self._weather)
        return self._with_weather(self.observer.restart(worlds), self._weather[worlds])

    def final_info(self, cause: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """How each world's episode stands, with the cause of its end."""
        return {
            "finished": self.simulator.finished,
            "lap_time": self.simulator.lap_time,
            "track_completion": self._completion(),
            "episode_return": self._return.copy(),
            "cause": cause,
            "start_distance": self._began.copy(),
            "distance": self.simulator.progress,
        }

    def record(self, world: int, actions: Floats, name: str, replay: str) -> str | None:
        """Keep an episode of a world, driven from the start line, as a replay.

        Args:
            world: Which one.
            actions: What was sent at each step of the episode, (n, 3), on the grid of protocol.poses.
            name: Who drove.
            replay: What it is called, behind "episode-"; a former one of this name is replaced.

        Returns:
            Id of the replay; None of drives that a tape alone does not tell: in weather, with differing
            cars, among others, or with respawns.
        """
        if self._forecasts or self._randomisation is not None or self.respawn or self.start != "line":
            return None
        if self.simulator.cars != self.simulator.worlds:
            return None
        from trackmania_rl.environment.replay.episode import record

        return record(self.track, actions, name, replay, delay=self.delay, time_limit=self.time_limit)

    # --- weather ----------------------------------------------------------------------------------

    def _weather_of(self, worlds: NDArray[np.intp]) -> Floats:
        """The weather in some worlds at their episodes' times, (len(worlds), 6)."""
        weather = np.empty((len(worlds), len(weathers.COLUMNS)), np.float32)
        for number, forecast in enumerate(self._forecasts):
            here = self._forecast_of[worlds] == number
            weather[here] = forecast.at(self._steps[worlds[here]] * STEP)
        return weather

    def _feel_weather(self) -> None:
        """Let tyres, air and camera be as the weather now is."""
        self._weather = self._weather_of(np.arange(self.num_envs))
        weathers.feel(self.simulator, self._weather, self._tyres)
        self.observer.show(self._weather)

    def _blurred(self, scan: Floats, worlds: NDArray[np.intp] | slice) -> Floats:
        """Scans as bad sensors and the weather give them; the screen's LIDAR sees through weather."""
        if self._randomisation is not None:
            noise = self.np_random.standard_normal(scan.shape, np.float32) * self._noise[worlds, None]
            scan = np.clip(scan * (1.0 + noise), 0.0, self.observer.longest)
        if self._forecasts and self.observer.screen is None:
            weather = self._weather[worlds]
            scan = weathers.blurred(scan, weather, self.simulator.lidar_range, self.np_random)
        return scan

    def _randomise(self, ranges: Randomisation, worlds: NDArray[np.intp]) -> None:
        """Draw what new episodes are driven with."""
        drawn = ranges.draw(self.np_random, len(worlds), self.delay)
        self._tyres[worlds] = drawn.grip
        self._noise[worlds] = drawn.lidar_noise
        self._delay[worlds] = drawn.delay
        self.simulator.condition(
            worlds, grip=drawn.grip, power=drawn.power, braking=drawn.braking, steering=drawn.steering
        )
        self.observer.aim(worlds, drawn.lens)

    def _with_weather(self, observation: Observations, weather: Floats) -> Observations:
        return np.hstack([observation, weather]) if self._weather_observation else observation

    def _space(self) -> Box:
        space = self.observer.space
        if not self._weather_observation:
            return space
        wind = np.full(2, 100.0, np.float32)
        low = np.concatenate([space.low, np.zeros(4, np.float32), -wind])
        high = np.concatenate([space.high, np.ones(4, np.float32), wind])
        return Box(low, high, dtype=np.float32)

    def _completion(self) -> Floats:
        """Share of the track driven, 0..1; the nose finishes a little before the car's origin."""
        share = np.minimum(np.maximum(self.simulator.furthest / self.track.length, 0.0), 1.0)
        return np.where(self.simulator.finished, 1.0, share).astype(np.float32)

    def _info(self) -> Info:
        return {"track_completion": self._completion(), "lap_time": self.simulator.lap_time}


class TrackEnv(gymnasium.Env[Observations, Floats]):
    """One world. Takes the keyword arguments of TrackVectorEnv; `info` holds plain numbers."""

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        self._worlds = TrackVectorEnv(1, **options)
        self.observation_space = self._worlds.single_observation_space
        self.action_space = self._worlds.single_action_space
        self.track = self._worlds.track
        self.render_mode = None

    @property
    def simulator(self) -> Simulator:
        """The world's simulator, with one car."""
        return self._worlds.simulator

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Info]:
        """Start a new episode."""
        super().reset(seed=seed)
        observation, info = self._worlds.reset(seed=seed)
        return observation[0], {name: value[0].item() for name, value in info.items()}

    def step(self, action: Floats) -> tuple[Observations, float, bool, bool, Info]:
        """Advance by one step of 50 ms."""
        observation, reward, cause = self._worlds.advance(np.asarray(action, np.float32)[None])
        truncated = bool(truncates(cause)[0])
        info = {name: value[0].item() for name, value in self._worlds.final_info(cause).items()}
        return observation[0], float(reward[0]), bool(cause[0]) and not truncated, truncated, info


FLOOR = np.array([0.0, 0.0, -1.0], np.float32)
"""Least gas, brake and steering: the negative part of a pedal's action releases it."""


def load_track(track: Track | str | Path) -> Track:
    """A track as it is, by id or by path."""
    if isinstance(track, Track):
        return track
    from trackmania_rl.environment.tracks import library

    return library.load(track)


def _forecasts(weather: str | None) -> list[weathers.Forecast]:
    """The forecasts that worlds draw from at each episode."""
    if weather is None:
        return []
    return [weathers.forecast(name) for name in (weathers.PRESETS if weather == "any" else [weather])]


def _reward(weights: Mapping[str, float]) -> Reward:
    """The reward with some weights set by name."""
    unknown = set(weights) - set(Reward.__dataclass_fields__)
    if unknown:
        known = ", ".join(Reward.__dataclass_fields__)
        raise InputError(
            f"reward weight {min(unknown)!r} is unknown, expected one of {known}", field="reward"
        )
    return Reward(**weights)
