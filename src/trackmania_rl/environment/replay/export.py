"""Replays as tables for other programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import numpy as np

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.replay.reading import Recorded
from trackmania_rl.environment.replay.samples import STEPS, TAPE_FIELDS
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS

FORMATS = ("csv", "parquet", "json")
TAPE_COLUMNS = tuple(f"{name}_sent" for name in TAPE_FIELDS)
"""The tape's columns: what was driven from the row's moment on."""
DIGITS = {"t": 2} | {name: max(0, 1 - int(np.floor(np.log10(step)))) for name, step in STEPS.items()}
"""Decimals that say all that is kept of a pose; tapes are written in full."""


def table(recorded: Recorded) -> dict[str, list[str] | list[float]]:
    """A replay as columns, one row per car and sample: agent_id, t [s], the poses, and the tape.

    A car without a tape has NaN in the tape's columns.
    """
    agents: list[str] = []
    rows = []
    for agent_id, poses in recorded.poses.items():
        agents += [agent_id] * len(poses)
        tape = recorded.inputs.get(agent_id, np.full((len(poses), len(TAPE_FIELDS)), np.nan, np.float32))
        time = np.arange(len(poses)) / CONTROL_HZ
        rows.append(np.column_stack([time, poses.astype(np.float64), tape.astype(np.float64)]))
    names = ("t", *POSE_FIELDS, *TAPE_COLUMNS)
    values = np.concatenate(rows) if rows else np.zeros((0, len(names)))
    columns: dict[str, list[str] | list[float]] = {"agent_id": agents}
    for name, column in zip(names, values.T, strict=True):
        columns[name] = (np.round(column, DIGITS[name]) if name in DIGITS else column).tolist()
    return columns


def export(recorded: Recorded, format: str, path: Path) -> None:
    """Write a replay to a file.

    Args:
        recorded: The replay.
        format: "csv" or "parquet": `table`; "json": as GET /api/replay/{id} answers.
        path: Where to.

    Raises:
        InputError: Another format, the file cannot be written, or Parquet is not installed.
    """
    if format not in FORMATS:
        raise InputError(f"format is {format!r}, expected one of {', '.join(FORMATS)}", field="format")
    if format == "json":
        content = msgspec.json.encode(recorded.replay())
    elif format == "csv":
        content = as_csv(recorded).encode()
    else:
        content = _as_parquet(table(recorded))
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def as_csv(recorded: Recorded) -> str:
    """The table of a replay as text; what is not known stays empty."""
    columns = table(recorded)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if value != value else value for value in row])
    return text.getvalue()


def _as_parquet(columns: dict[str, list[str] | list[float]]) -> bytes:
    """Columns as a Parquet file, in memory: its writer does not survive a disk that is full."""
    try:
        from arro3.core import Array, DataType, Table
        from arro3.io import write_parquet
    except ImportError:
        raise InputError(
            "Parquet needs a package more: pip install 'trackmania-rl[parquet]', or take --format csv"
        ) from None
    kinds = {"agent_id": DataType.string()}
    arrays = [Array(column, type=kinds.get(name, DataType.float64())) for name, column in columns.items()]
    content = io.BytesIO()
    write_parquet(Table.from_arrays(arrays, names=list(columns)), content)
    return content.getvalue()
