"""Several batches of worlds as one: many tracks, or many environment services, in one training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError

Batch = VectorEnv[Any, Any, Any]


class MixedVectorEnv(VectorEnv[Any, Any, Any]):
    """Batches with the same spaces, stepped side by side: the worlds of the first, then of the second, ...

    Args:
        batches: At least one, each with autoreset SAME_STEP and spaces of arrays.

    Raises:
        InputError: Their spaces differ.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, batches: Sequence[Batch]) -> None:
        first = batches[0]
        for batch in batches[1:]:
            for kind in ("single_observation_space", "single_action_space"):
                if getattr(batch, kind) != getattr(first, kind):
                    raise InputError(
                        f"{kind} {getattr(batch, kind)} differs from {getattr(first, kind)}: "
                        "worlds that train together need the same spaces"
                    )
        self.batches = list(batches)
        versions = sorted({str(batch.metadata.get("version", "")) for batch in batches})
        self.metadata = {**self.metadata, "version": ", ".join(filter(None, versions))}
        self.num_envs = sum(batch.num_envs for batch in batches)
        self.single_observation_space = first.single_observation_space
        self.single_action_space = first.single_action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._edges = np.cumsum([0, *(batch.num_envs for batch in batches)])
        self._pool = ThreadPoolExecutor(len(batches), "mixture")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Reset every batch; each gets a seed of its own, derived from `seed`."""
        results = [
            batch.reset(seed=None if seed is None else seed + index, options=options)
            for index, batch in enumerate(self.batches)
        ]
        return np.concatenate([result[0] for result in results]), self._merged([r[1] for r in results])

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Step every batch at the same time."""
        parts = np.split(np.asarray(actions), self._edges[1:-1])
        results = list(self._pool.map(lambda batch, part: batch.step(part), self.batches, parts))
        observation, reward, terminated, truncated = (
            np.concatenate([result[k] for result in results]) for k in range(4)
        )
        return observation, reward, terminated, truncated, self._merged([r[4] for r in results])

    def record(self, world: int, actions: NDArray[np.float32], name: str, replay: str) -> str | None:
        """Keep an episode of a world as a replay; None where its batch cannot."""
        batch = int(np.searchsorted(self._edges, world, side="right")) - 1
        keep = getattr(self.batches[batch], "record", None)
        return keep(world - int(self._edges[batch]), actions, name, replay) if keep else None

    def close_extras(self, **kwargs: Any) -> None:
        """Close every batch."""
        for batch in self.batches:
            batch.close()
        self._pool.shutdown()

    def _merged(self, infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """One info for all worlds: arrays joined; where a batch lacks a key its worlds get zeros."""
        merged: dict[str, Any] = {}
        for key in {key: None for info in infos for key in info}:
            present = next(info[key] for info in infos if key in info)
            if isinstance(present, dict):
                merged[key] = self._merged([info.get(key, {}) for info in infos])
            elif isinstance(present, np.ndarray):
                merged[key] = np.concatenate(
                    [
                        info[key]
                        if key in info
                        else np.zeros((batch.num_envs, *present.shape[1:]), present.dtype)
                        for info, batch in zip(infos, self.batches, strict=True)
                    ]
                )
        return merged
