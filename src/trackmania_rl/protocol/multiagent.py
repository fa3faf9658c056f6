"""PettingZoo's parallel environments as a batch of worlds: every agent is a world, all share one policy."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError

PACKAGE = "pettingzoo."
"""Prefix that a module's name may leave out: "sisl.multiwalker_v9"."""


class ParallelVectorEnv(VectorEnv[Any, Any, Any]):
    """Rounds of a parallel environment, side by side; world k is agent k % agents of round k // agents.

    A round ends for all of its agents when it ends for the first one: to the others that is a truncation,
    whose value a learner estimates as ever. So every world has a transition in every step, and no agent
    learns from steps in which it was out.

    Args:
        make: Makes one parallel environment.
        worlds: Number of worlds, a multiple of the number of agents.

    Raises:
        InputError: The agents' spaces differ, or the number of worlds does not fit.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(self, make: Callable[[], Any], worlds: int) -> None:
        first = make()
        self.agents: list[str] = list(first.possible_agents)
        self.single_observation_space = _shared("observations", first.observation_space, self.agents)
        self.single_action_space = _shared("actions", first.action_space, self.agents)
        if worlds % len(self.agents):
            raise InputError(
                f"worlds is {worlds}, expected a multiple of {len(self.agents)}: every agent is a world",
                field="worlds",
            )
        self.rounds = [first, *(make() for _ in range(worlds // len(self.agents) - 1))]
        self.render_mode = getattr(first, "render_mode", None)
        self.num_envs = worlds
        self.observation_space = batch_space(self.single_observation_space, worlds)
        self.action_space = batch_space(self.single_action_space, worlds)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin new rounds; each gets a seed of its own, derived from `seed`."""
        observations = [
            self._rows(one.reset(seed=None if seed is None else seed + number, options=options)[0])
            for number, one in enumerate(self.rounds)
        ]
        return np.concatenate(observations), {}

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Step all rounds; those that end begin anew in the same step."""
        rewards = np.zeros(self.num_envs, np.float32)
        terminated, truncated = np.zeros((2, self.num_envs), np.bool_)
        seen, final = [], np.full(self.num_envs, None, dtype=object)
        size = len(self.agents)
        for number, one in enumerate(self.rounds):
            worlds = slice(number * size, (number + 1) * size)
            sent = dict(zip(self.agents, actions[worlds], strict=True))
            observed, earned, over, late, _ = one.step(sent)
            rows = self._rows(observed)
            rewards[worlds] = [earned[agent] for agent in self.agents]
            terminated[worlds] = [over[agent] for agent in self.agents]
            if any(over.values()) or any(late.values()):
                truncated[worlds] = ~terminated[worlds]
                final[worlds] = list(rows)
                rows = self._rows(one.reset()[0])
            seen.append(rows)
        ended = terminated | truncated
        info = {"final_obs": final, "_final_obs": ended, "final_info": {}, "_final_info": ended}
        return np.concatenate(seen), rewards, terminated, truncated, info if ended.any() else {}

    def render(self) -> tuple[NDArray[np.uint8], ...]:
        """A picture of the first round."""
        return (self.rounds[0].render(),)

    def close_extras(self, **_: Any) -> None:
        """Close all rounds."""
        for one in self.rounds:
            one.close()

    def _rows(self, observed: dict[str, Any]) -> NDArray[Any]:
        return np.stack([np.asarray(observed[agent]) for agent in self.agents])


def find(module: str) -> Callable[..., Any]:
    """What makes the parallel environment of a module, `parallel_env` by PettingZoo's convention.

    Args:
        module: E.g. "pettingzoo.sisl.multiwalker_v9", or without "pettingzoo.".

    Raises:
        InputError: There is no such module, or it has no parallel environment.
    """
    for name in (module, PACKAGE + module):
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and not f"{name}.".startswith(f"{error.name}."):
                raise InputError(f"{name} needs another package: {error}", field="env") from error
            continue
        except (ImportError, ValueError, TypeError) as error:
            raise InputError(f"{name} cannot be imported: {error}", field="env") from error
        if (make := getattr(found, "parallel_env", None)) is None:
            raise InputError(f"{name} has no parallel_env: only parallel environments are taken", field="env")
        return make  # type: ignore[no-any-return]
    raise InputError(f"no module {module}, nor {PACKAGE}{module}", status=404, field="env")


def _shared(what: str, space_of: Callable[[str], Any], agents: list[str]) -> Any:
    """The space that all agents have."""
    first = space_of(agents[0])
    for agent in agents[1:]:
        if space_of(agent) != first:
            raise InputError(
                f"the {what} of {agent}, {space_of(agent)}, differ from those of {agents[0]}, {first}: "
                "agents that share one policy need the same spaces",
                field="env",
            )
    return first
