"""A race of several agents as a PettingZoo environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Space
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.reward import truncates
from trackmania_rl.environment.tracks.track import Track

Floats = NDArray[np.float32]
Info = dict[str, Any]


class RaceParallelEnv(ParallelEnv[str, Floats, Floats]):  # type: ignore[misc]  # PettingZoo has no types
    """One race: all agents act at once, every 50 ms, and meet on the road.

    Observations, actions, rewards and ends are those of TrackVectorEnv, for each agent its own. Whose drive
    has ended leaves `agents` and the road; the race ends when nobody is left. `infos` hold what an
    episode's end tells there: finished, lap_time [s], track_completion, episode_return.

    Args:
        cars: Number of agents, 1 to 64: "car_0", "car_1", ... in the order of the start grid.
        contact: Whether cars hit and see one another; otherwise each drives as if it were alone.
        options: Of TrackVectorEnv: track, observation, delay, start, time_limit, reward and so on.
    """

    metadata = {"name": "trackmania_race_v0", "render_modes": []}  # noqa: RUF012

    def __init__(self, cars: int = 4, *, contact: bool = True, **options: Any) -> None:
        self._cars = TrackVectorEnv(cars, cars_per_world=cars, contact=contact, **options)
        self.possible_agents = [f"car_{number}" for number in range(cars)]
        self.agents: list[str] = []
        self.render_mode = None
        self.observation_spaces = dict.fromkeys(self.possible_agents, self._cars.single_observation_space)
        self.action_spaces = dict.fromkeys(self.possible_agents, self._cars.single_action_space)

    @property
    def track(self) -> Track:
        """Where the race is driven."""
        return self._cars.track

    def observation_space(self, agent: str) -> Space[Any]:
        """What an agent observes."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Space[Any]:
        """What an agent does: gas, brake and steering, -1..1 each."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Floats], dict[str, Info]]:
        """Line up all cars for a new race."""
        self.agents = list(self.possible_agents)
        self._cars.simulator.solid = True
        observation, _ = self._cars.reset(seed=seed)
        return dict(zip(self.agents, observation, strict=True)), {agent: {} for agent in self.agents}

    def step(
        self, actions: dict[str, Floats]
    ) -> tuple[dict[str, Floats], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Info]]:
        """Drive one step of 50 ms; whoever is out already coasts, unseen.

        Args:
            actions: Of each of `agents`.

        Returns:
            Observations, rewards, terminations, truncations and infos of those that drove.
        """
        if not self.agents:
            return {}, {}, {}, {}, {}
        driving = {agent: self.possible_agents.index(agent) for agent in self.agents}
        sent = np.zeros((len(self.possible_agents), 3), np.float32)
        for agent, car in driving.items():
            sent[car] = actions[agent]
        observation, reward, cause = self._cars.advance(sent)
        final = self._cars.final_info(cause)
        late = truncates(cause)
        ended = cause > 0
        solid = self._cars.simulator.solid
        self._cars.simulator.solid = solid & ~ended
        self.agents = [agent for agent, car in driving.items() if not ended[car]]
        return (
            {agent: observation[car] for agent, car in driving.items()},
            {agent: float(reward[car]) for agent, car in driving.items()},
            {agent: bool(ended[car] and not late[car]) for agent, car in driving.items()},
            {agent: bool(late[car]) for agent, car in driving.items()},
            {
                agent: {name: value[car].item() for name, value in final.items()}
                for agent, car in driving.items()
            },
        )


def parallel_env(**options: Any) -> RaceParallelEnv:
    """A race, under the name that PettingZoo's tools look for; takes RaceParallelEnv's arguments."""
    return RaceParallelEnv(**options)
