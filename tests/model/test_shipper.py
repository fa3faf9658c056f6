"""Curves on a real time-series server: none is lost while it is away, nor when the shipper starts again."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trackmania_rl.model.metrics import MetricsWriter
from trackmania_rl.model.runs import RUN
from trackmania_rl.model.shipper import Shipper
from trackmania_rl.protocol.errors import InputError

SERVER = "victoria-metrics"
needs_server = pytest.mark.skipif(
    shutil.which(SERVER) is None, reason=f"no {SERVER}: apt-get install victoria-metrics"
)


@contextmanager
def server(folder: Path, port: int) -> Iterator[str]:
    """The database, until the end of the block."""
    command = [
        SERVER,
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder}",
        "-retentionPeriod=1y",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1.0).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def stored(url: str) -> dict[str, list[float]]:
    """Values of the run's curves on the server, each moment once."""
    urllib.request.urlopen(f"{url}/internal/force_flush").close()
    query = urllib.parse.urlencode({"match[]": '{__name__="trackmania_curve",run="some"}'})
    with urllib.request.urlopen(f"{url}/api/v1/export?{query}") as answer:
        series = [json.loads(line) for line in answer.read().splitlines()]
    return {
        one["metric"]["curve"]: [
            value for _, value in sorted(dict(zip(one["timestamps"], one["values"], strict=True)).items())
        ]
        for one in series
    }


def a_run(data: Path) -> MetricsWriter:
    folder = data / "runs" / "some"
    writer = MetricsWriter(folder)
    (folder / RUN).write_text(json.dumps({"started": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}))
    return writer


@needs_server
def test_points_wait_for_a_server_that_was_away(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The server stops and comes back, then the shipper does: every point is there, warned of once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    writer = a_run(data)
    shipper = Shipper(f"http://127.0.0.1:{port}")
    with server(data / "database", port) as url:
        writer.write(1, 1.0, {"loss/critic": 1.0, "train/return": -1.0})
        assert shipper.ship() == 2 and shipper.ship() == 0
        assert stored(url) == {"loss/critic": [1.0], "train/return": [-1.0]}
    writer.write(2, 2.0, {"loss/critic": 2.0})
    with caplog.at_level(logging.INFO), pytest.raises(OSError, match="refused"):
        shipper.ship()
    writer.write(3, 100.0, {"loss/critic": 3.0})
    with server(data / "database", port) as url:
        assert shipper.ship() == 2
        assert stored(url)["loss/critic"] == [1.0, 2.0, 3.0]
        writer.write(4, 101.0, {"loss/critic": 4.0})
        assert Shipper(url).ship() == 2  # of the last minute, again, and the new one
        assert stored(url)["loss/critic"] == [1.0, 2.0, 3.0, 4.0]
    writer.close()


def test_an_absent_server_is_told_once_and_stops_nothing(
    data: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackmania_rl.model.shipper.PERIOD", 0.01)
    writer = a_run(data)
    writer.write(1, 1.0, {"loss/critic": 1.0})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shipper = Shipper(f"http://127.0.0.1:{port}")
    with caplog.at_level(logging.WARNING, "trackmania_rl"):
        shipper.start()
        time.sleep(0.3)
        shipper.close()
    assert [record.getMessage()[:31] for record in caplog.records] == ["curves wait in the runs' files:"]
    writer.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected http://HOST:8428"):
        Shipper("localhost:8428")
