"""Curves on a real time-series server and back: none is lost while it is away, nor when we start again."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from litestar.testing import TestClient

from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.runs.metrics import MetricsWriter
from trackmania_rl.model.runs.runs import RUN, FileCurves
from trackmania_rl.model.runs.shipper import Shipper
from trackmania_rl.model.runs.timeseries import ServerCurves, TimeSeries
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol.errors import InputError

ODD = 'odd: {}|.*\\"'
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
    """Values of the run's curves on the server."""
    urllib.request.urlopen(f"{url}/internal/force_flush").close()
    return {curve.key: curve.value for curve in TimeSeries(url).read("some")}


def a_run(data: Path) -> MetricsWriter:
    folder = data / "runs" / "some"
    writer = MetricsWriter(folder)
    (folder / RUN).write_text(json.dumps({"started": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}))
    return writer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@needs_server
def test_points_wait_for_a_server_that_was_away(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The server stops and comes back, then the shipper does: every point is there, warned of once."""
    port = free_port()
    writer = a_run(data)
    shipper = Shipper(TimeSeries(f"http://127.0.0.1:{port}"))
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
        assert Shipper(TimeSeries(url)).ship() == 2  # of the last minute, again, and the new one
        assert stored(url)["loss/critic"] == [1.0, 2.0, 3.0, 4.0]
    writer.close()


def test_an_absent_server_is_told_once_and_stops_nothing(
    data: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackmania_rl.model.runs.shipper.PERIOD", 0.01)
    writer = a_run(data)
    writer.write(1, 1.0, {"loss/critic": 1.0})
    port = free_port()
    shipper = Shipper(TimeSeries(f"http://127.0.0.1:{port}"))
    with caplog.at_level(logging.WARNING, "trackmania_rl"):
        shipper.start()
        time.sleep(0.3)
        shipper.close()
    assert [record.getMessage()[:31] for record in caplog.records] == ["curves wait in the runs' files:"]
    writer.close()


def test_the_viewer_is_answered_the_same_from_either_store(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Through the service's route: by the server, by the files while it is away, of unknown things."""
    if shutil.which(SERVER) is None:
        pytest.skip(f"no {SERVER}: apt-get install victoria-metrics")
    writer, port = a_run(data), free_port()
    for step in range(0, 3000, 3):
        writer.write(step, step / 100.0, {"loss/critic": 1.0 / (step + 1), ODD: -float(step)})
    writer.write(3000, 30.0, {"evaluation/return": float("nan"), "loss/critic": float("inf")})
    answers, path = [], "/api/runs/some/metrics?points=7"
    series = TimeSeries(f"http://127.0.0.1:{port}")
    with TestClient(model_app(Agents(), curves=ServerCurves(series, FileCurves()))) as client:
        with server(data / "database", port) as url:
            answers.append(client.get(path).json())  # the server does not know the run yet
            Shipper(series).ship()
            urllib.request.urlopen(f"{url}/internal/force_flush").close()
            (data / "runs/some").rename(data / "elsewhere")
            answers.append(client.get(path).json())
            few = client.get(path + "&keys=loss/critic").json()["curves"]
            assert [curve["key"] for curve in few] == ["loss/critic"]
            unknown = client.get("/api/runs/other/metrics")
            assert unknown.status_code == 404
            (data / "elsewhere").rename(data / "runs/some")
            assert "loss/actor" in client.get(path + "&keys=loss/actor").json()["detail"]
        with caplog.at_level(logging.WARNING, "trackmania_rl"):
            answers += [client.get(path).json(), client.get(path).json()]
    assert [record.getMessage()[:34] for record in caplog.records] == ["curves come from the runs' files: "]
    assert answers[0] == answers[2] == answers[3]
    assert len(answers[1]["curves"]) == 2
    for there, here in zip(answers[1]["curves"], answers[0]["curves"], strict=True):
        assert there["key"] == here["key"]
        for column in ("step", "seconds", "value", "low", "high"):
            assert there[column] == pytest.approx(here[column], rel=1e-9), (there["key"], column)
    writer.close()


@needs_server
def test_a_run_that_went_back_to_its_checkpoint_is_the_same_on_the_server(data: Path) -> None:
    writer, port = a_run(data), free_port()
    with server(data / "database", port) as url:
        shipper = Shipper(TimeSeries(url))
        for step in range(1, 6):
            writer.write(step, float(step), {"loss/critic": float(step)})
        assert shipper.ship() == 5 and stored(url)["loss/critic"] == [1.0, 2.0, 3.0, 4.0, 5.0]
        writer.forget_after(3)
        for step in range(4, 8):  # on again, past where it was, before the shipper looks
            writer.write(step, step + 0.5, {"loss/critic": -float(step)})
        assert shipper.ship() == 7
        assert stored(url)["loss/critic"] == [1.0, 2.0, 3.0, -4.0, -5.0, -6.0, -7.0]
        assert Shipper(TimeSeries(url)).ship() == 7 and shipper.ship() == 0
    writer.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected http://HOST:8428"):
        TimeSeries("localhost:8428")
