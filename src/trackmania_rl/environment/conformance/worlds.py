"""What every environment promises.

Each check is a function of a `Subject` that returns what it saw, raises `AssertionError` with what was wrong,
or `Inapplicable` where the promise cannot be tried.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from trackmania_rl.environment.conformance.subject import SEED, Batch, Inapplicable, Subject
from trackmania_rl.protocol import multiagent
from trackmania_rl.protocol.environments import PARALLEL, make_env

STEPS = 300
"""Steps with random actions in which nothing must go wrong."""
END_STEPS, END_SECONDS = 3000, 20.0
"""An episode's end is waited for this long at most [steps, s]."""


def spaces(subject: Subject) -> str:
    """The batch's spaces are those of one world, repeated; actions are bounded or discrete."""
    with subject.batch() as envs:
        assert envs.num_envs == subject.worlds, f"{envs.num_envs} worlds, expected {subject.worlds}"
        for kind in ("observation", "action"):
            single = getattr(envs, f"single_{kind}_space")
            batched = getattr(envs, f"{kind}_space")
            expected = gymnasium.vector.utils.batch_space(single, envs.num_envs)
            assert batched == expected, f"{kind}_space is {batched}, expected {expected}"
        action = envs.single_action_space
        if isinstance(action, gymnasium.spaces.Box):
            assert np.isfinite(action.low).all() and np.isfinite(action.high).all(), (
                f"the action space {action} has no bounds: a learner cannot scale its actions"
            )
        return f"observation {_short(envs.single_observation_space)}, action {_short(action)}"


def autoreset(subject: Subject) -> str:
    """An ended episode is followed by a new one in the same step."""
    with subject.batch() as envs:
        mode = envs.metadata.get("autoreset_mode")
        assert mode == AutoresetMode.SAME_STEP, f"metadata has autoreset_mode {mode}, expected SAME_STEP"
        return "same step"


def reset(subject: Subject) -> str:
    """A reset gives observations of the space, with a seed, without, and with options."""
    with subject.batch() as envs:
        ways: list[dict[str, Any]] = [{"seed": SEED}, {}, {"options": {}}]
        for arguments in ways:
            observations, info = envs.reset(**arguments)
            _check_observations(envs, observations, f"after reset({arguments})")
            assert isinstance(info, dict), f"info is a {type(info).__name__}, expected a dict"
        return "with a seed, without, with options"


def steps(subject: Subject) -> str:
    """Shapes, types and numbers hold for many steps of random actions."""
    random = np.random.default_rng(SEED)
    with subject.batch() as envs:
        envs.reset(seed=SEED)
        for step in range(STEPS):
            observations, rewards, terminated, truncated, info = envs.step(subject.actions(envs, random))
            _check_observations(envs, observations, f"in step {step}")
            shape = (envs.num_envs,)
            assert np.shape(rewards) == shape, f"rewards of shape {np.shape(rewards)}, expected {shape}"
            assert np.isfinite(rewards).all(), f"a reward in step {step} is not finite: {rewards}"
            for name, flags in (("terminated", terminated), ("truncated", truncated)):
                assert np.shape(flags) == shape, f"{name} of shape {np.shape(flags)}, expected {shape}"
                assert np.asarray(flags).dtype == bool, f"{name} is {np.asarray(flags).dtype}, expected bool"
            assert isinstance(info, dict), f"info is a {type(info).__name__}, expected a dict"
        return f"{STEPS} steps of {envs.num_envs} worlds"


def final_observations(subject: Subject) -> str:
    """The step that ends an episode brings its last observation beside the next one's first."""
    random = np.random.default_rng(SEED)
    deadline = time.monotonic() + END_SECONDS
    with subject.batch() as envs:
        envs.reset(seed=SEED)
        for step in range(END_STEPS):
            _, _, terminated, truncated, info = envs.step(subject.actions(envs, random))
            ended = terminated | truncated
            if not ended.any():
                if time.monotonic() > deadline:
                    break
                continue
            assert "final_obs" in info, f"no final_obs in the info of step {step}, which ended an episode"
            marked = np.asarray(info.get("_final_obs"))
            assert np.array_equal(marked, ended), f"_final_obs marks {marked}, the ended worlds are {ended}"
            shape = envs.single_observation_space.shape
            for world in np.flatnonzero(ended):
                final = np.asarray(info["final_obs"][world])
                assert final.shape == shape, f"a final observation of shape {final.shape}, expected {shape}"
            return f"first in step {step + 1}"
        raise Inapplicable(f"no episode ended in {step + 1} steps of random actions")


def determinism(subject: Subject) -> str:
    """The same seed and actions give the same numbers, bit for bit."""
    with subject.batch() as one:
        if one.metadata.get("real_time"):
            raise Inapplicable("it runs on the wall clock")
    with subject.batch() as one, subject.batch() as other:
        random = np.random.default_rng(SEED)
        _same(one.reset(seed=SEED)[0], other.reset(seed=SEED)[0], "observations after the reset")
        for step in range(STEPS):
            actions = subject.actions(one, random)
            here, there = one.step(actions.copy()), other.step(actions.copy())
            for name, a, b in zip(("observations", "rewards", "terminated"), here, there, strict=False):
                _same(a, b, f"{name} in step {step}")
        return f"{STEPS} steps of two batches"


def no_aliasing(subject: Subject) -> str:
    """Arrays that were handed out stay as they are, and actions are not written to."""
    random = np.random.default_rng(SEED)
    with subject.batch() as envs:
        held: list[tuple[str, NDArray[Any], NDArray[Any]]] = []
        kept = envs.reset(seed=SEED)[0]
        held.append(("observations", kept, np.copy(kept)))
        for _ in range(5):
            actions = subject.actions(envs, random)
            sent = actions.copy()
            result = envs.step(actions)
            assert np.array_equal(sent, actions), "the array of actions was written to"
            names = ("observations", "rewards", "terminated", "truncated")
            held += [(name, array, np.copy(array)) for name, array in zip(names, result, strict=False)]
        for name, array, copy in held:
            assert np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"), (
                f"{name} changed after they were handed out: return copies"
            )
        return f"{len(held)} arrays"


def gymnasium_checker(subject: Subject) -> str:
    """Gymnasium's own checker finds nothing (PettingZoo's, for its environments)."""
    if subject.env.startswith(PARALLEL):
        from pettingzoo.test import parallel_api_test

        one = multiagent.find(subject.env.removeprefix(PARALLEL))(**subject.options)
        parallel_api_test(one, num_cycles=100)
        return "pettingzoo.test.parallel_api_test"
    env = make_env(subject.env, **subject.options)
    if env is None:
        raise Inapplicable("it is a batch by itself")
    with contextlib.closing(env):
        check_env(env.unwrapped, skip_render_check=True)
    return "gymnasium.utils.env_checker.check_env"


PROMISES: tuple[Callable[[Subject], str], ...] = (
    spaces,
    autoreset,
    reset,
    steps,
    final_observations,
    determinism,
    no_aliasing,
    gymnasium_checker,
)
"""All of them."""


def _check_observations(envs: Batch, observations: Any, when: str) -> None:
    space = envs.observation_space
    if not isinstance(space, gymnasium.spaces.Box):
        assert space.contains(observations), f"the observations {when} are outside of {space}"
        return
    assert isinstance(observations, np.ndarray), f"observations are a {type(observations).__name__}"
    assert observations.shape == space.shape, f"shape {observations.shape} {when}, expected {space.shape}"
    assert observations.dtype == space.dtype, f"type {observations.dtype} {when}, expected {space.dtype}"
    assert np.isfinite(observations).all(), f"an observation {when} has NaN or infinity"
    outside = (observations < space.low) | (observations > space.high)
    if outside.any():
        where = tuple(int(index) for index in np.argwhere(outside)[0])
        raise AssertionError(
            f"observation {observations[where]} {when} at {where} is outside of "
            f"{space.low[where]} to {space.high[where]}"
        )


def _same(a: Any, b: Any, what: str) -> None:
    assert np.array_equal(a, b), f"{what} differ by up to {np.abs(np.subtract(a, b, dtype=float)).max():.3g}"


def _short(space: gymnasium.Space[Any]) -> str:
    if isinstance(space, gymnasium.spaces.Box):
        return f"Box{space.shape} {space.dtype}"
    return str(space)
