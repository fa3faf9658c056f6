"""Learning curves on a time-series server: VictoriaMetrics, or another that takes its lines.

Points go as lines of /api/v1/import and come back by Prometheus' own /api/v1/query. A server knows values
over time only, so the steps and the seconds of training, a curve's other axes, are series beside the curves.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackmania_rl.model.runs.metrics import Curves, Point, bucketed
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Curve

log = logging.getLogger(__name__)

SERIES = "trackmania_curve"
"""Series of all curves; labels: run, curve."""
STEP, SECONDS = f"{SERIES}_step", f"{SERIES}_seconds"
"""Series of the environment steps and of the seconds of training at each moment; label: run."""
SPAN = "40y"
"""How far back is looked for a run: further than servers keep, and not before 1970, where theirs begins."""
AHEAD = 60.0
"""How far ahead is looked, lest the server leave out the newest, which may change [s] (guess)."""
TIMEOUT = 5.0
"""Longest wait for the server [s] (guess)."""

Samples = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Times [ms], rising, and values."""


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Data


class TimeSeries:
    """The curves of runs on a server.

    Args:
        url: The server's address, e.g. http://127.0.0.1:8428.

    Raises:
        InputError: That is no address of a web server.
    """

    def __init__(self, url: str) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"--metrics-url {url}: expected http://HOST:8428", field="metrics-url")
        self.url = url.rstrip("/")

    def write(self, run: str, began: float, points: Iterable[Point]) -> None:
        """Write points of a run that began at a time [s since 1970]; the same point again is the same point.

        Raises:
            OSError: The server is away or refuses.
        """
        lines: dict[tuple[str, str], dict[str, Any]] = {}
        for point in points:
            if not math.isfinite(point.value):
                continue  # JSON has no such numbers, and the server would leave out the whole line in silence
            moment = round(1000.0 * (began + point.seconds))
            for name, curve, value in (
                (SERIES, point.key, point.value),
                (STEP, "", point.step),
                (SECONDS, "", point.seconds),
            ):
                metric = {"__name__": name, "run": run} | ({"curve": curve} if curve else {})
                line = lines.setdefault((name, curve), {"metric": metric, "values": [], "timestamps": []})
                if not line["timestamps"] or line["timestamps"][-1] != moment:
                    line["values"].append(value)
                    line["timestamps"].append(moment)
        self._ask("/api/v1/import", body=b"\n".join(map(msgspec.json.encode, lines.values())))

    def forget(self, run: str) -> None:
        """Delete what the server has of a run; it may miss series that are new since some seconds.

        Raises:
            OSError: The server is away or refuses.
        """
        selector = f'{{__name__=~"{SERIES}.*",run={json.dumps(run)}}}'
        self._ask("/api/v1/admin/tsdb/delete_series", {"match[]": selector}, body=b"")

    def read(self, run: str, keys: Sequence[str] | None = None, points: int = 500) -> list[Curve]:
        """Those curves of a run that the server has, by name, each in at most `points` buckets of equal size.

        Raises:
            OSError: The server is away, or answers something else.
        """
        axes = self._samples(f'{{__name__=~"{STEP}|{SECONDS}",run={json.dumps(run)}}}', "__name__")
        if axes.keys() != {STEP, SECONDS}:
            return []
        wanted = f",curve=~{json.dumps('|'.join(map(re.escape, keys)))}" if keys else ""
        curves = self._samples(f"{SERIES}{{run={json.dumps(run)}{wanted}}}", "curve")
        return [
            bucketed(key, np.stack([_at(moments, axes[STEP]), _at(moments, axes[SECONDS]), value]), points)
            for key, (moments, value) in sorted(curves.items())
        ]

    def _samples(self, selector: str, label: str) -> dict[str, Samples]:
        """All samples of some series by a label of theirs; each moment once."""
        query = {"query": f"{selector}[{SPAN}]", "time": f"{time.time() + AHEAD:.0f}", "nocache": "1"}
        try:
            answer = msgspec.json.decode(self._ask("/api/v1/query", query), type=_Answer)
        except msgspec.DecodeError as error:
            raise OSError(f"it answers no series: {error}") from error
        samples = {}
        for series in answer.data.result:
            flat = np.fromiter(
                itertools.chain.from_iterable((moment, float(value)) for moment, value in series.values),
                float,
            ).reshape(-1, 2)
            moments, first = np.unique(np.rint(1000.0 * flat[:, 0]).astype(np.int64), return_index=True)
            samples[series.metric[label]] = (moments, flat[first, 1])
        return samples

    def _ask(self, path: str, query: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
        url = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(url, data=body, method="GET" if body is None else "POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            content: bytes = answer.read()
        return content


def _at(moments: NDArray[np.int64], axis: Samples) -> NDArray[np.float64]:
    """Values of an axis at some moments; where it lacks one, that of the moment before."""
    known, values = axis
    found: NDArray[np.float64] = values[np.searchsorted(known, moments, side="right").clip(1) - 1]
    return found


class ServerCurves:
    """Curves as the server has them; the runs' files answer for what is not there, and while it is away.

    Args:
        server: Where the curves are.
        files: The runs' files.
    """

    def __init__(self, server: TimeSeries, files: Curves) -> None:
        self._server = server
        self._files = files
        self._absent = False

    def read(self, run: str, keys: Sequence[str] | None = None, points: int = 500) -> list[Curve]:
        """Curves of a run, by name, each in at most `points` buckets.

        Raises:
            InputError: Neither the server nor the volume has such a run or curve.
        """
        found: list[Curve] = []
        try:
            found = self._server.read(run, keys, points)
        except OSError as error:
            if not self._absent:
                log.warning(
                    "curves come from the runs' files: %s does not answer (%s)", self._server.url, error
                )
            self._absent = True
        else:
            self._absent = False
        if found and {curve.key for curve in found} >= set(keys or ()):
            return found
        return self._files.read(run, keys, points)
