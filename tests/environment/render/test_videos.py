"""The service's videos: real ones, the queue, and what is refused."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.render.browser import NAMES
from trackmania_rl.environment.render.studio import PAGE
from trackmania_rl.environment.render.videos import RESTARTED, VideoLimits
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.messages import AgentAdd, Video, VideoRequest
from trackmania_rl.protocol.service import running
from trackmania_rl.protocol.volume import replays_folder, videos_folder

needs_browser = pytest.mark.skipif(
    shutil.which("ffmpeg") is None
    or not any(map(shutil.which, NAMES))
    or not (PAGE / "render.html").is_file(),
    reason="Chromium or ffmpeg is not installed, or the page is not built (make viewer)",
)
SMALL = {"width": 96, "height": 64, "fps": 5, "overlays": False}


def ask(url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Message, bytes]:
    """Status, headers and body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


@pytest.fixture
def replay(data_folder: Path) -> str:
    """The id of three recorded seconds of a race."""
    rules = Rules(countdown=0.1, heats=1, time_limit=3.0)
    race = Race("main", library.load("sprint"), rules, folder=replays_folder(), seed=5)
    race.add(AgentAdd(agent_id="good", name="Good", policy="pursuit"))
    while not race.over:
        race.tick()
        if race.at_step:
            race.entrants["good"].send(pursuit(race.simulator)[race.entrants["good"].slot])
    race.close()
    return next(replays_folder().glob("*.mcap")).stem


@pytest.fixture
def service(data_folder: Path) -> Iterator[str]:
    with running(environment_app([Race("main", library.load("sprint"))])) as url:
        yield url


def keep(video: Video, content: bytes | None = None) -> None:
    """Put a video into the volume, as an earlier service left it."""
    videos_folder().mkdir(parents=True, exist_ok=True)
    (videos_folder() / f"{video.id}.json").write_bytes(msgspec.json.encode(video))
    if content is not None:
        (videos_folder() / f"{video.id}.{video.request.format}").write_bytes(content)


@pytest.mark.browser
@needs_browser
def test_videos_are_made_one_after_the_other_and_can_be_cancelled(replay: str, service: str) -> None:
    def state(id: str) -> Video:
        return msgspec.json.decode(ask(f"{service}/api/videos/{id}")[2], type=Video)

    make = f"{service}/api/replay/{replay}/video"
    long, short = (
        msgspec.json.decode(ask(make, "POST", {**SMALL, **chosen})[2], type=Video)
        for chosen in ({"speed": 0.01}, {"begin": 1.0, "end": 2.0, "format": "webm"})
    )
    assert (long.state, long.frames_total, short.frames_total) == ("waiting", 1500, 5)
    wait_for(lambda: state(long.id).frames > 1)
    assert state(long.id).state == "running"
    assert state(long.id).seconds_left
    assert state(short.id).state == "waiting"
    assert ask(f"{service}/api/videos/{long.id}/file")[0] == 409
    assert ask(f"{service}/api/videos/{long.id}", "DELETE")[0] == 204
    assert state(long.id).state == "cancelled"
    wait_for(lambda: state(short.id).state == "done")
    status, headers, film = ask(f"{service}/api/videos/{short.id}/file")
    assert (status, headers["Content-Type"]) == (200, "video/webm")
    assert film.startswith(b"\x1a\x45\xdf\xa3")  # EBML, the container of WebM
    assert state(short.id).size_bytes == len(film)
    assert sorted(path.suffix for path in videos_folder().iterdir()) == [".json", ".json", ".webm"]
    for each in (long, short):
        assert ask(f"{service}/api/videos/{each.id}", "DELETE")[0] == 204
    assert not list(videos_folder().iterdir())


def test_a_restart_keeps_what_is_done_and_says_what_is_not(data_folder: Path) -> None:
    keep(Video("20260101-000000-000-aa", "r", VideoRequest(), "done", size_bytes=10), b"0123456789")
    keep(Video("20260101-000001-000-aa", "r", VideoRequest(), "running", frames=5, frames_total=9))
    (videos_folder() / "broken.json").write_text("{")
    with running(environment_app([Race("main", library.load("sprint"))])) as url:
        newest, oldest = json.loads(ask(f"{url}/api/videos")[2])
        assert (newest["state"], newest["error"], oldest["state"]) == ("failed", RESTARTED, "done")
        file = f"{url}/api/videos/{oldest['id']}/file"
        status, headers, part = ask(file, Range="bytes=2-4")
        assert (status, headers["Content-Range"], part) == (206, "bytes 2-4/10", b"234")
        assert ask(file, Range="bytes=20-")[0] == 416
        assert ask(file)[2] == b"0123456789"


@needs_browser
@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"begin": 1e4}, 400, "nothing lies between"),
        ({"width": 641}, 400, "even numbers"),
        ({"camera": "drone"}, 400, "drone"),
        ({"others": ["nothing"]}, 404, "no replay nothing"),
        ({"speed": 0.001, "fps": 120}, 400, "at most 36000"),
    ],
)
def test_what_cannot_be_made_is_refused(
    replay: str, service: str, request_: dict[str, Any], status: int, words: str
) -> None:
    answered, _, body = ask(f"{service}/api/replay/{replay}/video", "POST", request_)
    assert answered == status
    assert words in json.loads(body)["detail"]
    assert json.loads(ask(f"{service}/api/videos")[2]) == []


def test_unknown_videos_and_paths_are_not_found(service: str) -> None:
    for name in ("nothing", "..%2Freplays%2Fx", "%2Fetc%2Fpasswd"):
        for method, path in (("GET", name), ("DELETE", name), ("GET", f"{name}/file")):
            assert ask(f"{service}/api/videos/{path}", method)[0] == 404


def test_a_machine_without_a_browser_says_so(
    replay: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    status, _, body = ask(f"{service}/api/replay/{replay}/video", "POST", {})
    assert status == 501
    assert "chromium is not installed" in json.loads(body)["detail"]


@needs_browser
def test_a_full_queue_and_strangers_are_turned_away(replay: str) -> None:
    app = environment_app(
        [Race("main", library.load("sprint"))], access=Access(token="secret"), videos=VideoLimits(waiting=1)
    )
    with running(app) as url:
        make = f"{url}/api/replay/{replay}/video"
        assert ask(make, "POST", SMALL)[0] == 401
        assert ask(make, "POST", SMALL, Authorization="Bearer secret")[0] == 202
        assert ask(make, "POST", SMALL, Authorization="Bearer secret")[0] == 429
        (video,) = json.loads(ask(f"{url}/api/videos")[2])
        assert ask(f"{url}/api/videos/{video['id']}", "DELETE")[0] == 401
