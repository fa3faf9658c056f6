"""Grafana's dashboards ask for series that the services have, and in words that the server understands."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from trackmania_rl.environment.server import environment_app
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.runs.timeseries import SECONDS, SERIES, STEP
from trackmania_rl.model.server import model_app

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy/grafana"
SERVER = "victoria-metrics"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("dashboards/*.json"))}
TARGETS = [
    (name, panel["title"], target)
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    for target in panel["targets"]
]


@pytest.fixture(scope="module")
def exposed() -> dict[str, str]:
    """Names of all series and their kinds, from the services' own pages, and those of curves."""
    kinds = dict.fromkeys((SERIES, STEP, SECONDS), "gauge")
    for app in (environment_app([]), model_app(Agents())):
        with TestClient(app) as client:
            kinds |= dict(re.findall(r"^# TYPE (\S+) (\S+)$", client.get("/metrics").text, re.MULTILINE))
    return kinds


@pytest.mark.parametrize(("dashboard", "panel", "target"), TARGETS, ids=lambda one: str(one)[:40])
def test_panels_ask_for_series_that_exist(
    dashboard: str, panel: str, target: dict[str, Any], exposed: dict[str, str]
) -> None:
    names = set(re.findall(r"trackmania_\w+", target["expr"]))
    assert names and names <= exposed.keys()
    for name in names:  # a counter is looked at as a rate, a gauge as it is
        assert (f"rate({name}" in target["expr"]) == (exposed[name] == "counter")


def test_the_provisioning_names_what_there_is() -> None:
    """The data source of all panels, the folder in the container, and the server of compose."""
    [source] = yaml.safe_load((GRAFANA / "datasources/metrics.yaml").read_text())["datasources"]
    [provider] = yaml.safe_load((GRAFANA / "dashboards/provider.yaml").read_text())["providers"]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    mounted = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
    assert provider["options"]["path"] == mounted["./deploy/grafana"] + "/dashboards"
    host, port = source["url"].removeprefix("http://").split(":")
    assert services[host]["ports"][0].endswith(f":{port}") and host in services["grafana"]["depends_on"]
    assert {target["datasource"]["uid"] for *_, target in TARGETS} == {source["uid"]}
    for dashboard in DASHBOARDS.values():
        ids = [panel["id"] for panel in dashboard["panels"]]
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
        assert len(set(ids)) == len(set(places)) == len(ids)
    uids = [dashboard["uid"] for dashboard in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)


def test_every_service_that_has_figures_is_asked_for_them() -> None:
    [job] = yaml.safe_load((ROOT / "deploy/scrape.yaml").read_text())["scrape_configs"]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for static in job["static_configs"]:
        [(host, port)] = [target.split(":") for target in static["targets"]]
        assert any(one.endswith(f":{port}") for one in services[host]["ports"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which(SERVER) is None:
        pytest.skip(f"no {SERVER}: apt-get install victoria-metrics")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("database")
    command = [SERVER, f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1.0).close()
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


def test_the_server_understands_every_expression(server: str) -> None:
    for *_, target in TARGETS:
        query = urllib.parse.urlencode({"query": target["expr"].replace("$run", ".*")})
        with urllib.request.urlopen(f"{server}/api/v1/query?{query}") as answer:
            assert json.load(answer)["status"] == "success"
