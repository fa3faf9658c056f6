"""Videos: parts that fit together, requests that are refused, and a real export."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.render.browser import NAMES, program, require
from trackmania_rl.environment.render.encoder import Encoder, join
from trackmania_rl.environment.render.export import export
from trackmania_rl.environment.render.film import film
from trackmania_rl.environment.render.studio import PAGE
from trackmania_rl.environment.replay.reading import Recorded, read
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd, VideoRequest

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
needs_browser = pytest.mark.skipif(
    not any(map(shutil.which, NAMES)) or not (PAGE / "render.html").is_file(),
    reason="Chromium is not installed, or the page is not built (make viewer)",
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of three seconds of a race of one car."""
    folder = tmp_path_factory.mktemp("replays")
    rules = Rules(countdown=0.1, heats=1, time_limit=3.0)
    race = Race("main", library.load("sprint"), rules, folder=folder, seed=5)
    race.add(AgentAdd(agent_id="good", name="Good", policy="pursuit"))
    while not race.over:
        race.tick()
        if race.at_step:
            race.entrants["good"].send(pursuit(race.simulator)[race.entrants["good"].slot])
    race.close()
    return next(folder.glob("*.mcap"))


@pytest.fixture(scope="module")
def recorded(recording: Path) -> Recorded:
    return read(recording)


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    """Pictures of a video: frames, rows, columns, RGB."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def grey(level: int) -> bytes:
    """A JPEG of one grey, 64x48."""
    raw = bytes([level]) * (64 * 48)
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x48", "-i", "-"]
    output = ["-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "image2pipe", "-"]
    return subprocess.run([*command, *output], input=raw, check=True, capture_output=True).stdout


@needs_ffmpeg
@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_joined_parts_hold_every_picture_in_order_at_its_time(tmp_path: Path, format: str) -> None:
    levels = np.arange(40, 220, 20)
    parts = [tmp_path / f"part{number}.{'mov' if format == 'mp4' else 'webm'}" for number in range(3)]
    for part, some in zip(parts, np.split(levels, [2, 6]), strict=True):
        encoder = Encoder(part, format, 30)
        for level in some:
            encoder.add(grey(int(level)))
        encoder.close()
    whole = tmp_path / f"whole.{format}"
    join(parts, format, whole)
    pictures = decoded(whole, 64, 48)
    np.testing.assert_allclose(pictures.mean(axis=(1, 2, 3)), levels, atol=6)
    probe = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json", str(whole)]
    packets = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["packets"]
    times = sorted(float(packet["pts_time"]) for packet in packets)
    np.testing.assert_allclose(times, np.arange(len(levels)) / 30, atol=2e-3)


@needs_ffmpeg
def test_what_is_no_picture_is_an_error(tmp_path: Path) -> None:
    encoder = Encoder(tmp_path / "part.mov", "mp4", 30)
    encoder.add(b"not a picture")
    with pytest.raises(InputError, match="ffmpeg could not encode"):
        encoder.close()


@pytest.mark.parametrize(
    ("request_", "frames"),
    [
        (VideoRequest(begin=1.0, end=2.0, fps=30), 30),
        (VideoRequest(begin=1.0, end=2.0, fps=60), 60),
        (VideoRequest(begin=1.0, end=3.0, fps=30, speed=4.0), 15),
        (VideoRequest(begin=1.0, end=2.0, fps=30, speed=0.25), 120),
        (VideoRequest(begin=1.0, format="png"), 1),
    ],
)
def test_time_maps_to_pictures(recorded: Recorded, request_: VideoRequest, frames: int) -> None:
    shown = film([recorded], request_)
    assert shown.frames == frames
    options = json.loads(shown.encode())["options"]
    assert (options["begin"], options["speed"], options["frames"]) == (1.0, request_.speed, frames)


def test_a_video_ends_with_the_replay(recorded: Recorded) -> None:
    shown = film([recorded], VideoRequest(end=1e6, fps=10))
    assert shown.end == recorded.replay().duration
    assert shown.frames == round(shown.end * 10)


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (VideoRequest(begin=1e4), "nothing lies between"),
        (VideoRequest(begin=2.0, end=1.0), "nothing lies between"),
        (VideoRequest(width=641), "even numbers"),
        (VideoRequest(format="gif", fps=60), "a GIF shows 50 at most"),
        (VideoRequest(focus="nobody"), "no agent nobody"),
    ],
)
def test_what_does_not_fit_is_refused(recorded: Recorded, request_: VideoRequest, names: str) -> None:
    with pytest.raises(InputError, match=names):
        film([recorded], request_)


def test_the_command_refuses_what_it_cannot_write() -> None:
    with pytest.raises(InputError, match=r"a name that ends in \.mp4"):
        CliRunner().invoke(app, ["export", "video", "any", "--out", "race.avi"], catch_exceptions=False)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(InputError, match="apt install nothing"):
        require("no-such-program", package="nothing", purpose="the test needs it")


def test_a_program_ends_with_its_children() -> None:
    with program(["sh", "-c", "sleep 600 & wait"]) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (child := children.read_text().split()):
            pass
        descriptor = os.pidfd_open(int(child[0]))
    try:
        assert process.poll() is not None
        ended, _, _ = select.select([descriptor], [], [], 30.0)  # a signalled child may take its time
        assert ended
    finally:
        os.close(descriptor)


@pytest.mark.browser
@needs_ffmpeg
@needs_browser
def test_an_export_shows_the_race_and_repeats_itself(recorded: Recorded, tmp_path: Path) -> None:
    request = VideoRequest(camera="overhead", width=160, height=90, fps=5, begin=1.0, end=2.6, overlays=False)
    shown = film([recorded], request)
    clips = []
    for number, workers in enumerate((1, 1)):
        progress: list[int] = []
        out = tmp_path / f"{number}.mp4"
        made = export(shown, out, workers=workers, progress=progress.append)
        assert made.frames == shown.frames == 8
        assert progress == list(range(1, 9))
        clips.append(decoded(out, 160, 90))
    first, second = clips
    assert first.shape == (8, 90, 160, 3)
    assert first.std(axis=(1, 2, 3)).min() > 10  # no picture is blank
    moved = np.abs(np.diff(first.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert moved.min() > 1  # the camera goes with the car
    np.testing.assert_array_equal(first, second)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "0.mp4", tmp_path / "1.mp4"]  # nothing else is left


REFERENCES = Path(__file__).parent / "references"
"""Pictures that somebody looked at and found good."""
DIFFERENCE = 6.0
"""Mean difference of a channel, of 255, that another Mesa or browser may make (guess)."""


@pytest.mark.browser
@needs_ffmpeg
@needs_browser
@pytest.mark.parametrize(("camera", "weather"), [("chase", "clear"), ("trackside", "night")])
def test_the_race_looks_as_it_did(recorded: Recorded, tmp_path: Path, camera: str, weather: str) -> None:
    fields = {"camera": camera, "weather": weather, "format": "png", "begin": 2.0, "width": 160, "height": 90}
    out = tmp_path / f"{camera}-{weather}.png"
    export(film([recorded], msgspec.convert({**fields, "overlays": False}, VideoRequest)), out)
    shown, expected = (decoded(path, 160, 90).astype(float) for path in (out, REFERENCES / out.name))
    difference = np.abs(shown - expected).mean()
    assert difference < DIFFERENCE, f"{out} is another picture: look at it, and copy it if it is better"


def running(folder: Path) -> list[int]:
    """Processes that name a folder in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


@pytest.mark.browser
@needs_ffmpeg
@needs_browser
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_exporter_that_is_stopped_leaves_nothing(
    recording: Path, tmp_path: Path, how: signal.Signals
) -> None:
    options = ["--size", "160x90", "--fps", "50", "--time-lapse", "0.1", "--workers", "1"]
    options += ["--out", str(tmp_path / "race.gif")]
    command = [sys.executable, "-m", "trackmania_rl", "export", "video", str(recording), *options]
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is too long for Chromium's sockets
        scratch = Path(folder)
        environment = {**os.environ, "TMPDIR": folder}
        exporter = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        wait_for(lambda: any(scratch.glob("trackmania-rl-video-*/part0.*")))  # pictures were encoded
        assert running(scratch)
        exporter.send_signal(how)
        assert exporter.wait(60.0) != 0
        wait_for(lambda: not running(scratch))
        if how != signal.SIGKILL:  # which leaves no time to tidy up
            assert not list(scratch.iterdir())
    assert not list(tmp_path.iterdir())


def test_an_unknown_camera_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"camera": "drone"}, VideoRequest)
