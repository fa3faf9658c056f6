"""Datasets of experience in Minari's HDF5 layout, written and read episode by episode.

A dataset NAME is a folder: NAME/data/metadata.json and NAME/data/main_data.hdf5 with a group episode_N for
each episode: observations (steps + 1, o), actions (steps, a) in the environment's units, rewards,
terminations and truncations (steps,). Minari (0.5, hdf5_storage.py) opens it where MINARI_DATASETS_PATH names
the folder that NAME is in. Nothing of a dataset is executed when it is read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

DATA = "data"
METADATA = "metadata.json"
MAIN = "main_data.hdf5"
MINARI_VERSION = "0.5.4"
"""Version of Minari whose layout this is."""
STEPS_MAX = 1_000_000
"""Longest episode that is read [steps]: 14 hours of driving."""
INSTALL = "h5py is not installed, expected the extra 'export': pip install 'trackmania-rl[export]'"


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode of n steps, or a piece of one.

    Attributes:
        observations: What was observed, the last one included, (n + 1, o).
        actions: In the environment's units, (n, a).
        rewards: (n,).
        terminated: Whether the last step ended the task, as opposed to a time limit or a cut.
        cut: Which of its ends are missing: "start", "end", "both" or "".
    """

    observations: Floats
    actions: Floats
    rewards: Floats
    terminated: bool
    cut: str = ""

    def __len__(self) -> int:
        return len(self.rewards)


class DatasetWriter:
    """Writes a dataset, whole or not at all; use it in a `with` statement.

    Args:
        folder: The dataset; it must not exist.
        observation_space: Of one world.
        action_space: Of one world.
        metadata: Further facts for metadata.json, such as environment and track.

    Raises:
        InputError: The folder exists, or h5py is not installed.
    """

    def __init__(
        self, folder: Path, observation_space: Box, action_space: Box, metadata: Mapping[str, Any]
    ) -> None:
        if folder.exists():
            raise InputError(f"{folder} exists, expected a new folder: choose another name or remove it")
        self.folder = folder
        self.episodes = self.steps = 0
        self._spaces = {"observation_space": observation_space, "action_space": action_space}
        self._metadata = metadata
        self._part = folder.with_name(folder.name + ".part")

    def __enter__(self) -> DatasetWriter:
        h5py = _h5py()
        shutil.rmtree(self._part, ignore_errors=True)
        (self._part / DATA).mkdir(parents=True)
        self._file = h5py.File(self._part / DATA / MAIN, "w", track_order=True)
        return self

    def add(self, episode: Episode) -> None:
        """Write one episode to the disk."""
        steps = len(episode)
        ends = np.zeros((2, steps), bool)
        ends[0 if episode.terminated else 1, -1] = True
        group = self._file.create_group(f"episode_{self.episodes}")
        group.attrs.update({"id": self.episodes, "total_steps": steps, "cut": episode.cut})
        columns: dict[str, NDArray[Any]] = {
            "observations": episode.observations,
            "actions": episode.actions,
            "rewards": episode.rewards,
            "terminations": ends[0],
            "truncations": ends[1],
        }
        for name, column in columns.items():
            group.create_dataset(name, data=column, chunks=True, maxshape=(None, *column.shape[1:]))
        self.episodes += 1
        self.steps += steps

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is not None:
            shutil.rmtree(self._part, ignore_errors=True)
            return
        about = {
            "dataset_id": self.folder.name,
            "data_format": "hdf5",
            "minari_version": MINARI_VERSION,
            "total_episodes": self.episodes,
            "total_steps": self.steps,
            **{name: json.dumps(_described(space)) for name, space in self._spaces.items()},
            **self._metadata,
        }
        (self._part / DATA / METADATA).write_text(json.dumps(about, indent=2))
        self._part.rename(self.folder)


class Dataset:
    """A dataset to read from.

    Args:
        path: The dataset's folder, or its .hdf5 file.

    Raises:
        InputError: There is none, it is damaged, or h5py is not installed.
    """

    def __init__(self, path: Path) -> None:
        h5py = _h5py()
        places = (path, path / MAIN, path / DATA / MAIN)
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise InputError(f"dataset {path} does not exist: expected a folder in Minari's layout or .hdf5")
        self.path = path
        try:
            self._file = h5py.File(file, "r")
        except OSError as error:
            raise InputError(f"{path} is damaged or no HDF5 file: expected Minari's layout") from error
        self.env = _env(file.with_name(METADATA))
        """Environment that it was made in; None where it does not say."""
        self._names = sorted(
            (name for name in self._file if name.removeprefix("episode_").isdecimal()),
            key=lambda name: int(name.removeprefix("episode_")),
        )
        if not self._names:
            self.close()
            raise InputError(f"{path} has no episodes: expected groups episode_0, episode_1 and so on")

    def __len__(self) -> int:
        return len(self._names)

    def episodes(self, observation_space: Box, action_space: Box) -> Iterator[Episode]:
        """All episodes, checked one by one as they are read.

        Args:
            observation_space: What an observation must look like; its bounds are not enforced.
            action_space: What an action must look like, bounds included.

        Raises:
            InputError: An episode has another shape, numbers that are none, or is damaged.
        """
        for name in self._names:
            where = f"{self.path}, {name}"
            try:
                yield self._episode(name, where, observation_space, action_space)
            except InputError:
                raise
            except (KeyError, OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
                raise InputError(f"{where} is damaged: {error}; expected Minari's layout") from error

    def _episode(self, name: str, where: str, observation_space: Box, action_space: Box) -> Episode:
        group = self._file[name]
        steps = len(group["rewards"])
        if not 1 <= steps <= STEPS_MAX:
            raise InputError(f"{where} has {steps} steps, expected 1 to {STEPS_MAX}")
        shapes = {
            "observations": (steps + 1, *observation_space.shape),
            "actions": (steps, *action_space.shape),
            "rewards": (steps,),
            "terminations": (steps,),
            "truncations": (steps,),
        }
        for column, shape in shapes.items():
            if group[column].shape != shape:
                raise InputError(f"{where}: {column} have shape {group[column].shape}, expected {shape}")
        numbers = {column: np.asarray(group[column], np.float32) for column in list(shapes)[:3]}
        for column, values in numbers.items():
            if not np.isfinite(values).all():
                first = int(np.argwhere(~np.isfinite(values))[0, 0])
                raise InputError(f"{where}: {column} of step {first} are not numbers, expected finite ones")
        reach = 1e-4 * (action_space.high - action_space.low)
        actions = numbers["actions"]
        if (actions < action_space.low - reach).any() or (actions > action_space.high + reach).any():
            raise InputError(
                f"{where}: actions reach from {actions.min():g} to {actions.max():g}, "
                f"expected {action_space.low} to {action_space.high}"
            )
        return Episode(
            **numbers,
            terminated=bool(group["terminations"][-1]),
            cut=str(group.attrs.get("cut", "")),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _env(metadata: Path) -> str | None:
    try:
        env = json.loads(metadata.read_text()).get("env")
    except (OSError, ValueError, AttributeError):
        return None
    return env if isinstance(env, str) else None


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise InputError(INSTALL) from error
    return h5py


def _described(space: Box) -> dict[str, Any]:
    """A box as Minari writes it (serialization.py)."""
    return {
        "type": "Box",
        "dtype": str(space.dtype),
        "shape": list(space.shape),
        "low": space.low.tolist(),
        "high": space.high.tolist(),
    }
