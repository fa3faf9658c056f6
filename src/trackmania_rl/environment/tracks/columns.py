"""Tables of numbers as text: comma-separated columns with their names in the first line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError

Columns = dict[str, NDArray[np.float64]]

ROWS_MAX = 200_000
"""Most rows that are read: almost three hours of drive at 20 Hz, or 200 km of road at 1 m."""


def read_text(path: Path, bytes_max: int = 64 * 1024 * 1024) -> str:
    """A text file's content.

    Raises:
        InputError: There is no such file, it is too large, or no text in UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > bytes_max:
            raise InputError(f"{path.name} has {size} bytes, expected a text of at most {bytes_max}")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text in UTF-8: byte {error.start} is not part of one") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if "\0" in text:
        raise InputError(f"{path.name} is no text: byte {text.index(chr(0))} is zero")
    return text


def read_columns(text: str, source: str) -> Columns:
    """The columns of a table, by name.

    The first line names them, with or without a leading "#"; what follows a name after a space is a
    remark. Further lines that begin with "#" are remarks. A column that is empty in the first row is
    left out: not every recording knows everything.

    Raises:
        InputError: Naming the line and the value that is no number, or the number of columns.
    """
    lines = text.splitlines()
    title = lines[0] if lines else ""
    names = [name.split()[0] for name in title.lstrip("# ").split(",") if name.strip()]
    if len(names) < 2 or not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        raise InputError(f"{source}: found «{title[:60]}» in line 1, expected the names of the columns")
    if len(lines) > ROWS_MAX:
        raise InputError(f"{source} has {len(lines)} lines, expected at most {ROWS_MAX}")
    rows = [
        (number, line.split(","))
        for number, line in enumerate(lines[1:], start=2)
        if line.strip() and not line.startswith("#")
    ]
    if not rows:
        raise InputError(f"{source} has no rows under its {len(names)} columns")
    for number, words in rows:
        if len(words) != len(names):
            raise InputError(f"{source}, line {number}: found {len(words)} values, expected {len(names)}")
    return {
        name: np.array([_number(words[k], number, source) for number, words in rows])
        for k, name in enumerate(names)
        if rows[0][1][k].strip()
    }


def _number(word: str, line: int, source: str) -> float:
    """A finite number."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{source}, line {line}: found «{word.strip()[:30]}», expected a number")
    return value


def require(columns: Columns, names: Iterable[str], source: str, what: str) -> None:
    """Refuse a table that lacks some of the columns.

    Raises:
        InputError: Naming the columns that are missing and those that are there.
    """
    missing = [name for name in names if name not in columns]
    if missing:
        raise InputError(
            f"{source} lacks {', '.join(missing)}, expected {what}; its columns are {', '.join(columns)}"
        )
