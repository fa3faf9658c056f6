"""The environment service's routes, by a plain HTTP client."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.service import running
from trackmania_rl.protocol.volume import replays_folder

SEED_REQUEST = {
    "agent_id": "sac_agent_1",
    "action": {"gas": 0.8, "brake": 0.0, "steering": 0.2},
    "timestamp": "2024-01-01T00:00:00Z",
}
"""The action exactly as the protocol was first written down."""

CENTRELINE = "x_m,y_m,w_tr_right_m,w_tr_left_m\n" + "".join(f"{5 * k},0,6,6\n" for k in range(60))


@dataclass
class Service:
    """A running service, asked over one kept connection."""

    url: str
    race: Race

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded body of an answer that is no refusal."""
        status, _, content = self.ask(method, path, body)
        assert status < 300, content
        return json.loads(content) if content else None

    def refused(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The problem that answers a refused request."""
        status, headers, content = self.ask(method, path, body)
        assert headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(content)
        assert problem["status"] == status >= 400
        return problem

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it never came to this"
            time.sleep(0.01)


@pytest.fixture
def service(data_folder: Path) -> Iterator[Service]:
    rules = Rules(countdown=0.1, pause=0.3, stuck_seconds=1.0, agents_max=4)
    race = Race("main", library.load("sprint"), rules, folder=replays_folder())
    with running(environment_app([race])) as url:
        yield Service(url, race)


def test_the_protocols_first_words_are_understood_exactly(service: Service) -> None:
    """Both messages have exactly the fields that they were first written down with."""
    service.json("POST", "/api/agents/add", {"agent_id": "sac_agent_1"})
    answer = service.json("POST", "/api/action", SEED_REQUEST)
    assert set(answer) == {"agent_id", "observation", "reward", "done", "info", "timestamp"}
    assert set(answer["observation"]) == {"speed", "lidar", "position", "rotation"}
    assert set(answer["observation"]["position"]) == {"x", "y", "z"}
    assert set(answer["observation"]["rotation"]) == {"yaw", "pitch", "roll"}
    assert set(answer["info"]) == {"track_completion", "lap_time"}
    assert answer["agent_id"] == "sac_agent_1"
    assert answer["done"] is False
    assert len(answer["observation"]["lidar"]) == 19
    assert answer["timestamp"].endswith("Z")


def test_an_agent_drives_and_its_car_moves(service: Service) -> None:
    race = service.json("POST", "/api/agents/add", {"agent_id": "a", "name": "Ada", "colour": "#ff0000"})
    assert race["cars"] == [{"agent_id": "a", "name": "Ada", "colour": "#ff0000"}]
    request = SEED_REQUEST | {"agent_id": "a", "action": {"gas": 1, "brake": 0, "steering": 0}}
    service.until(lambda: service.json("POST", "/api/action", request)["observation"]["speed"] > 5.0)
    state = service.json("GET", "/api/state")
    assert state["race"]["state"] == "racing"
    assert state["standings"][0]["progress"] > 0.1
    assert state["agents"][0]["observation"]["position"]["y"] != 0.0


def test_more_is_told_only_to_those_who_ask(service: Service) -> None:
    service.json("POST", "/api/agents/add", {"agent_id": "a", "observation": "TrackMania/Horizon-v0"})
    answer = service.json("POST", "/api/action", SEED_REQUEST | {"agent_id": "a", "seq": 3})
    assert answer["seq"] == 3
    assert len(answer["observation"]["vector"]) == 83
    assert service.json("POST", "/api/action", SEED_REQUEST | {"agent_id": "a", "seq": 3}) == answer


@pytest.mark.parametrize(
    ("action", "field", "words"),
    [
        ('{"gas":2,"brake":0,"steering":0}', "action.gas", "2, expected float <= 1.0"),
        ('{"gas":NaN,"brake":0,"steering":0}', "action.gas", "nan, expected a finite number"),
        ('{"gas":0,"brake":0,"steering":-1.01}', "action.steering", "-1.01, expected float >= -1.0"),
        ('{"gas":0,"brake":0}', "action.steering", "missing"),
        ('{"gas":0,"brake":0,"steering":0,"boost":1}', "action.boost", "unknown"),
        ('{"gas":"full","brake":0,"steering":0}', "action.gas", '"full", expected float'),
    ],
)
def test_bad_actions_are_refused_and_nothing_is_driven(
    service: Service, action: str, field: str, words: str
) -> None:
    service.json("POST", "/api/agents/add", {"agent_id": "a"})
    body = f'{{"agent_id":"a","action":{action},"timestamp":""}}'.encode()
    problem = service.refused("POST", "/api/action", body)
    assert (problem["status"], problem["field"]) == (400, field)
    assert words in problem["detail"]
    assert not service.race.entrants["a"].driving


def test_unknown_names_are_answered_with_the_known_ones(service: Service) -> None:
    service.json("POST", "/api/agents/add", {"agent_id": "ada"})
    problem = service.refused("POST", "/api/action", SEED_REQUEST)
    assert problem["status"] == 404
    assert "sac_agent_1" in problem["detail"] and "ada" in problem["detail"]
    assert "ada" in service.refused("DELETE", "/api/agents/bob")["detail"]
    assert "sprint" in service.refused("GET", "/api/tracks/atlantis")["detail"]
    assert "main" in service.refused("GET", "/api/state?race=other")["detail"]
    assert "sprint" in service.refused("POST", "/api/reset", {"track": "atlantis"})["detail"]
    assert "TrackMania/Lidar-v0" in service.refused("GET", "/api/spec?env=TrackMania/Nothing-v0")["detail"]
    assert service.refused("GET", "/api/spec?env=os:system")["status"] == 403
    assert service.refused("GET", "/api/replay/nothing")["status"] == 404


def test_agents_come_and_go_up_to_the_limit(service: Service) -> None:
    for number in range(4):
        service.json("POST", "/api/agents/add", {"agent_id": f"a{number}"})
    assert service.refused("POST", "/api/agents/add", {"agent_id": "a4"})["status"] == 409
    service.json("DELETE", "/api/agents/a0")
    race = service.json("POST", "/api/agents/add", {"agent_id": "a4"})
    assert "a0" not in [car["agent_id"] for car in race["cars"]]
    assert len(service.json("GET", "/api/state")["agents"]) == 4


def test_a_reset_starts_anew_on_another_track(service: Service) -> None:
    service.json("POST", "/api/agents/add", {"agent_id": "a"})
    state = service.json("POST", "/api/reset", {"track": "esses"})
    assert (state["race"]["track"], state["race"]["state"]) == ("esses", "countdown")
    assert service.json("GET", "/api/races")[0]["track"] == "esses"


def test_spaces_are_told(service: Service) -> None:
    spec = service.json("GET", "/api/spec?env=TrackMania/Lidar-v0")
    assert spec["observation"]["shape"] == [83]
    assert spec["action"] == {"kind": "box", "shape": [3], "dtype": "float32", "low": -1.0, "high": 1.0}
    assert spec["track"] == "sprint"


def test_tracks_are_listed_and_shown(service: Service) -> None:
    tracks = service.json("GET", "/api/tracks")
    assert "sprint" in [track["id"] for track in tracks]
    plain = service.json("GET", "/api/tracks/sprint")
    assert len(plain["position"]) == 3 * len(plain["arc"])
    _, headers, small = service.ask("GET", "/api/tracks/sprint", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(small)) == plain
    assert len(small) < 0.5 * len(json.dumps(plain))


def test_a_track_is_imported(service: Service) -> None:
    status, _, body = service.ask(
        "PUT", "/api/tracks/straight", CENTRELINE.encode(), **{"Content-Type": "text/csv"}
    )
    assert status == 200, body
    assert json.loads(body)["id"] == "straight"
    assert service.json("GET", "/api/tracks/straight")["length"] > 200
    service.json("POST", "/api/reset", {"track": "straight"})


@pytest.mark.parametrize(
    ("id", "body", "words"),
    [
        ("broken", b"GBX\x06\x00", "broken"),
        ("sprint", b"anything", "bundled"),
        ("empty", b"", "empty"),
        ("-dash", b"x", "not allowed"),
    ],
)
def test_a_bad_import_keeps_nothing(service: Service, id: str, body: bytes, words: str) -> None:
    before = service.json("GET", "/api/tracks")
    assert words in service.refused("PUT", f"/api/tracks/{id}", body)["detail"]
    assert service.json("GET", "/api/tracks") == before


def test_a_finished_heat_can_be_replayed(service: Service) -> None:
    service.json("POST", "/api/agents/add", {"agent_id": "a"})
    braking = {"agent_id": "a", "action": {"gas": 0, "brake": 1, "steering": 0}}
    service.json("POST", "/api/action", SEED_REQUEST | braking)  # stuck after a second
    service.until(lambda: bool(service.json("GET", "/api/replays")))
    listed = service.json("GET", "/api/replays?track=sprint&agent=a")[0]
    assert service.json("GET", "/api/replays?track=esses") == []
    replay = service.json("GET", f"/api/replay/{listed['id']}")
    assert replay["cars"][0]["agent_id"] == "a"
    assert len(replay["cars"][0]["samples"]) == len(replay["pose_fields"]) * 21
    assert [event["kind"] for event in replay["events"]] == ["start", "stuck"]

    _, headers, file = service.ask("GET", f"/api/replay/{listed['id']}", Accept="application/mcap")
    assert file.startswith(b"\x89MCAP0") and headers["Content-Type"] == "application/mcap"
    status, headers, part = service.ask(
        "GET", f"/api/replay/{listed['id']}", Accept="application/mcap", Range="bytes=8-27"
    )
    assert (status, part) == (206, file[8:28])
    assert headers["Content-Range"] == f"bytes 8-27/{len(file)}"
    assert service.json("GET", "/api/replays?after=2020-01-01&result=unfinished&limit=1") == [listed]
    assert service.json("GET", "/api/replays?before=2020-01-01T00:00Z") == []
    assert service.json("GET", "/api/replays?result=finished") == []
    assert "expected a time" in service.refused("GET", "/api/replays?after=yesterday")["detail"]
    assert "expected finished or" in service.refused("GET", "/api/replays?result=won")["detail"]
    assert "at least 1" in service.refused("GET", "/api/replays?limit=0")["detail"]

    assert service.json("GET", f"/api/replay/{listed['id']}/track") == service.json(
        "GET", "/api/tracks/sprint"
    )
    _, headers, table = service.ask("GET", f"/api/replay/{listed['id']}?format=csv")
    assert table.startswith(b"agent_id,t,x,") and ".csv" in headers["Content-Disposition"]
    assert "mcap, csv or json" in service.refused("GET", f"/api/replay/{listed['id']}?format=exe")["detail"]

    assert service.refused("POST", "/api/replays", file)["status"] == 409
    stored = replays_folder() / f"{listed['id']}.mcap"
    stored.rename(replays_folder() / "renamed.mcap")
    assert service.json("GET", f"/api/replay/{listed['id']}") == replay  # by the id inside
    (replays_folder() / "renamed.mcap").unlink()
    assert service.json("POST", "/api/replays", file) == listed

    (replays_folder() / "broken.mcap").write_bytes(file[:30] + b"?" * 500)
    assert "broken.mcap" in service.refused("GET", "/api/replay/broken")["detail"]
    service.ask("DELETE", f"/api/replay/{listed['id']}")
    assert service.refused("DELETE", f"/api/replay/{listed['id']}")["status"] == 404


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("", b"", "the body is empty"),
        ("", b"t_ms,x\n", "does not tell its track"),
        ("?track=nowhere", b"t_ms,x\n", "no track «nowhere»"),
        ("?track=sprint", b"t_ms,x\n1,2\n", "expected"),
        ("?track=sprint", b"GBX" + bytes(range(200)), "upload.Ghost.Gbx"),
        ("", b"\x89MCAP0\r\n" + bytes(300), "no recording of a race"),
    ],
)  # fmt: skip
def test_a_bad_upload_keeps_nothing(service: Service, query: str, body: bytes, words: str) -> None:
    assert words in service.refused("POST", f"/api/replays{query}", body)["detail"]
    assert not list(replays_folder().glob("*"))


def test_the_service_says_how_it_is(service: Service) -> None:
    assert service.json("GET", "/readyz") == {"ok": True}
    service.json("POST", "/api/agents/add", {"agent_id": "a"})
    _, _, text = service.ask("GET", "/metrics")
    assert b"trackmania_agents 1\n" in text
    assert b"trackmania_late_actions_total" in text


def test_every_route_is_described(service: Service) -> None:
    paths = service.json("GET", "/api/openapi.json")["paths"]
    assert {
        "/api/action", "/api/state", "/api/reset", "/api/replay/{replay_id}", "/api/agents/add",
        "/api/agents/{agent_id}", "/api/spec", "/api/tracks", "/api/tracks/{track_id}", "/api/replays",
        "/api/races", "/healthz", "/readyz", "/metrics", "/api/version",
    } <= set(paths)  # fmt: skip
    undescribed = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if not operation.get("description")
    ]
    assert undescribed == []
