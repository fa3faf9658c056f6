"""What lies on the shared volume: runs, their curves and checkpoints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.metrics import last_step, read_curves, read_keys
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import CheckpointSummary, Curve, RunSummary
from trackmania_rl.protocol.volume import runs_folder

RUN = "run.json"
"""In a run's folder: the learner's settings."""
NOT_SETTING = frozenset(
    {"agent_id", "run", "seed", "seconds", "steps", "started", "environment", "threads", "checkpoint_every"}
)
"""In a run's settings: what says who learns, how long and where, but not how."""
CHAMPION = "champion"
"""Id of the policy that comes with the package for any track; "champion:TRACK" is the one for that track."""
CHAMPIONS = Path(__file__).parents[1] / "champions"
"""Folder of the policies that come with the package: any.pt, and TRACK.pt for a single track."""


def run_folder(run: str) -> Path:
    """The folder of an existing run.

    Raises:
        InputError: Status 404, there is none of that name.
    """
    known = {folder.name: folder for folder in _folders()}
    if run not in known:
        names = ", ".join(sorted(known)) or "none yet"
        raise InputError(f"run {run!r} does not exist, known are: {names}", status=404, field="run")
    return known[run]


class FileCurves:
    """The curves in the runs' own files."""

    def read(self, run: str, keys: Sequence[str] | None = None, points: int = 500) -> list[Curve]:
        """Curves of a run, by name, each in at most `points` buckets; all of them if none is named.

        Raises:
            InputError: There is no such run or curve.
        """
        return read_curves(run_folder(run), keys, points)


def list_runs() -> list[RunSummary]:
    """All runs, newest first."""
    folders = sorted(_folders(), key=lambda folder: -(folder / RUN).stat().st_mtime)
    return [_run_summary(folder) for folder in folders]


def list_checkpoints() -> list[CheckpointSummary]:
    """All checkpoints, newest first."""
    found = [_checkpoint_summary(id, path, path.stat().st_mtime_ns) for id, path in _checkpoints().items()]
    return sorted((summary for summary in found if summary), key=lambda summary: summary.saved, reverse=True)


def checkpoint_file(id: str) -> Path:
    """The file of a checkpoint in the list.

    Raises:
        InputError: Status 404, there is none with that id.
    """
    known = _checkpoints()
    if id not in known:
        names = ", ".join(sorted(known)) or "none yet"
        raise InputError(
            f"checkpoint {id!r} does not exist, known are: {names}", status=404, field="checkpoint"
        )
    return known[id]


def _folders() -> list[Path]:
    return [path.parent for path in runs_folder().glob(f"*/{RUN}")]


def _checkpoints() -> dict[str, Path]:
    """All files of checkpoints by their ids: run:name, and the one that comes with the package."""
    files = [path for folder in _folders() for path in (folder / checkpoints.FOLDER).glob("*.pt")]
    known = {f"{path.parent.parent.name}:{path.stem}": path for path in files}
    champions = {f"{CHAMPION}:{path.stem}": path for path in CHAMPIONS.glob("*.pt") if path.stem != "any"}
    return {**known, CHAMPION: CHAMPIONS / "any.pt", **champions}


def champion_of(track: str | None) -> str:
    """Id of the champion for a track: its own if there is one."""
    own = f"{CHAMPION}:{track}"
    return own if own in _checkpoints() else CHAMPION


def _run_summary(folder: Path) -> RunSummary:
    config: dict[str, Any] = json.loads((folder / RUN).read_text())
    return RunSummary(
        id=folder.name,
        agent_id=config["agent_id"],
        env=config["env"],
        track=config["track"] or "",
        seed=config["seed"],
        started=config["started"],
        steps=last_step(folder),
        setting=_setting(config),
        keys=read_keys(folder),
    )


def _setting(config: dict[str, Any]) -> str:
    """Digest of how a run learns: its settings but the seed, names and length."""
    kept = {key: value for key, value in config.items() if key not in NOT_SETTING}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]


@lru_cache(maxsize=4096)
def _checkpoint_summary(id: str, path: Path, _modified: int) -> CheckpointSummary | None:
    """What a checkpoint holds; None for a file that is none of ours."""
    try:
        saved = checkpoints.load(path)
    except InputError:
        return None
    result = saved.result
    return CheckpointSummary(
        id=id,
        agent_id=saved.agent_id,
        env=saved.env,
        track=saved.track,
        steps=saved.steps,
        saved=saved.saved,
        best=path.name == checkpoints.BEST,
        finish_rate=result.finish_rate if result else None,
        lap_time=result.lap_time_median if result else None,
    )
