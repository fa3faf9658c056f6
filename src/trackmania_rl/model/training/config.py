"""The settings of a training."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from trackmania_rl.model.experience.pool import PoolConfig
from trackmania_rl.model.sac.sac import SacConfig
from trackmania_rl.protocol.decoding import converted
from trackmania_rl.protocol.environments import OWN_WORLDS, tracks_of, usual_worlds
from trackmania_rl.protocol.errors import InputError

FOLDER_NAME = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,199}")
"""What a run may be called: it lies in the data volume, and nowhere else."""
SEED_MAX = 2**63 - 1
"""Largest seed that PyTorch's generators take."""
WORLDS_MAX = 65_536
"""Most parallel worlds, as on the wire."""


@dataclass(frozen=True)
class LearnerConfig(SacConfig):
    """What a person sets of a training; the defaults are the best found (docs/sac.md)."""

    env: str = "TrackMania/Horizon-v0"
    """Environment: an id, "gymnasium:ID" or "module:factory"."""
    track: str | None = None
    """Track, for environments that have one; the environment's own choice if None."""
    environment: str | None = None
    """Address of an environment service to train on instead of in this process; its token, if it asks for
    one, comes from the variable TRACKMANIA_RL_TOKEN."""
    env_options: dict[str, Any] = field(default_factory=dict)
    """Further options of the environment."""
    agent_id: str = "sac"
    run: str = "sac"
    """Name of the run: its folder in the data volume."""
    seed: int = 0
    seconds: float | None = None
    """Wall-clock to train for [s]; without end if None."""
    steps: int | None = None
    """Environment steps to train for, over all worlds."""
    worlds: int = OWN_WORLDS
    """Parallel copies of the environment; `of` takes fewer of other people's."""
    start: str = "anywhere"
    """Where episodes of training begin on a track, "line" or "anywhere"; evaluations begin at the line."""
    opponents: int = 0
    """Cars in each world that older selves drive, with contact; episodes then begin at the line."""
    updates_per_step: float = 1.0
    """Updates after each step of all worlds."""
    warmup_steps: int = 2_000
    """Steps of uniformly random actions, over all worlds, before learning begins."""
    buffer: int = 500_000
    """Transitions kept."""
    buffer_place: Literal["memory", "file"] = "memory"
    """Where they are: on the learner's device, or in a mapped file, which may be larger than memory."""
    pool: PoolConfig | None = None
    """Experience shared with other agents; none if None."""
    normalise: bool = True
    """Scale observations by their running mean and spread."""
    evaluate_every: float = 15.0
    """Wall-clock between evaluations [s]."""
    evaluation_episodes: int = 16
    checkpoint_every: float = 60.0
    """Wall-clock between checkpoints [s]."""
    report_every: float = 1.0
    """Wall-clock between points of the curves [s]."""
    threads: int = 1
    """Threads of PyTorch."""
    device: str = "auto"
    """"cpu", "cuda", or "auto": CUDA where there is one."""

    @staticmethod
    def of(settings: dict[str, Any], **more: Any) -> LearnerConfig:
        """The defaults with `settings`, which came from outside, and `more`, which did not.

        Where neither says the number of `worlds`, it is usual_worlds of the environment.

        Raises:
            InputError: There is no such setting or environment, or a value is of the wrong type.
        """
        known = {f.name for f in dataclasses.fields(LearnerConfig)}
        for name in settings:
            if name not in known:
                raise InputError(
                    f"setting {name!r} is unknown, expected one of {', '.join(sorted(known))}", field=name
                )
        pool = settings.get("pool")
        for name in pool if isinstance(pool, dict) else ():
            if name not in PoolConfig.__annotations__:
                raise InputError(
                    f"pool.{name} is unknown, expected {', '.join(PoolConfig.__annotations__)}", field="pool"
                )
        config = converted({**settings, **more}, LearnerConfig)
        if "worlds" not in {**settings, **more}:
            config = dataclasses.replace(config, worlds=usual_worlds(config.env, **config.env_options))
        config.check()
        return config

    def check(self) -> None:
        """Refuse values that cannot work.

        Raises:
            InputError: Names the setting, its value and what was expected.
        """
        least = {
            "batch": 1, "n_step": 1, "worlds": 1, "buffer": 1, "threads": 1, "evaluation_episodes": 1,
            "warmup_steps": 0, "updates_per_step": 0, "seed": 0, "opponents": 0,
        }  # fmt: skip
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise InputError(f"{name} is {getattr(self, name)}, expected at least {bound}", field=name)
        if self.seed > SEED_MAX:
            raise InputError(f"seed is {self.seed}, expected at most {SEED_MAX}", field="seed")
        if not FOLDER_NAME.fullmatch(self.run):
            raise InputError(
                f"run is {self.run!r}, expected a folder's name of up to 200 characters, "
                "without a slash, and no dot in front",
                field="run",
            )
        if self.worlds > WORLDS_MAX:
            raise InputError(f"worlds is {self.worlds}, expected at most {WORLDS_MAX}", field="worlds")
        for name in ("learning_rate", "entropy_start", "evaluate_every", "checkpoint_every", "report_every"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"{name} is {getattr(self, name)}, expected more than 0", field=name)
        for name in ("gamma", "tau", "average"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise InputError(f"{name} is {getattr(self, name)}, expected 0 to 1", field=name)
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise InputError(
                f"precision is {self.precision!r}, expected auto, float32 or bfloat16", field="precision"
            )
        if self.pool is not None:
            self.pool.check()
        if self.opponents:
            self._check_opponents()
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("device is 'cuda', but PyTorch finds none: use cpu or auto", field="device")
        if self.device not in ("auto", "cpu", "cuda"):
            raise InputError(f"device is {self.device!r}, expected auto, cpu or cuda", field="device")

    def _check_opponents(self) -> None:
        """Refuse races that cannot be."""
        if not self.env.startswith("TrackMania/") or self.environment is not None:
            raise InputError(
                f"opponents is {self.opponents} on {self.environment or self.env}, expected 0: only our own "
                "environments, in the learner's process, have worlds of several cars",
                field="opponents",
            )
        if len(set(tracks_of(WORLDS_MAX, self.track))) > 1:
            raise InputError(f"opponents on tracks {self.track}, expected one track", field="opponents")
