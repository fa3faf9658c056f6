"""Environments that are not ours, hosted: learners step them, viewers see them, episodes are recorded."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.environment.test_streams import raw
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.environment.conformance import worlds as promises
from trackmania_rl.environment.conformance.check import check
from trackmania_rl.environment.replay.hosted import EpisodeRecording, read
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.show import Show
from trackmania_rl.protocol.client import ServiceClient
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import HEADER, Kind, unpack_header
from trackmania_rl.protocol.messages import EnvironmentSpec, Race
from trackmania_rl.protocol.service import running

EXAMPLES = Path(__file__).parents[2] / "examples"
OWN = "own_environment:Hover"


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(EXAMPLES)
    yield
    sys.modules.pop("own_environment", None)


def frames(viewer: Any) -> Iterator[tuple[dict[str, Any] | None, bytes | None]]:
    """What comes to a viewer, texts as objects."""
    while True:
        data = viewer.recv(20)
        yield (json.loads(data), None) if isinstance(data, str) else (None, data)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PettingZoo's and Box2D's own
@pytest.mark.parametrize("env", [OWN, "gymnasium:Pendulum-v1", "pettingzoo:sisl.multiwalker_v9"])
def test_viewers_see_pictures_of_what_learners_do(env: str, tmp_path: Path) -> None:
    pytest.importorskip("pygame")
    show = Show(env, folder=tmp_path)
    worlds = 3
    with running(environment_app([], show=show), port=0) as url, raw(url, "/api/watch") as viewer:
        first = json.loads(viewer.recv(20))
        assert (first["type"], first["env"], first["worlds"]) == ("show", env, 0)
        envs = make_vector_env(url, worlds)
        envs.reset(seed=1)
        for _ in range(3):
            envs.step(envs.action_space.sample())
        seen = frames(viewer)
        picture = next(data for _, data in seen if data is not None)
        header = unpack_header(picture)
        image = Image.open(io.BytesIO(picture[HEADER.size :]))
        assert header.kind is Kind.PICTURE and header.seq >= 1
        assert image.size == (header.columns, header.rows)
        assert np.asarray(image).std() > 1  # something is drawn on it
        envs.close()
        assert next(text for text, _ in seen if text is not None and text["worlds"] == 0)
    (file,) = tmp_path.iterdir()
    (episode,) = read(file)
    assert [sample.step for sample in episode] == list(range(4))


def test_a_service_says_what_it_hosts_and_that_it_has_no_races() -> None:
    with ExitStack() as stack:
        url = stack.enter_context(running(environment_app([], show=Show(OWN))))
        client = stack.enter_context(ServiceClient(url))
        assert client.get("/api/spec", EnvironmentSpec).env == OWN
        assert client.get("/api/spec?env=TrackMania/Lidar-v0", EnvironmentSpec).observation.shape == [83]
        assert client.get("/api/races", list[Race]) == []
        client.request("GET", "/readyz")
        with pytest.raises(InputError, match="hosts another environment"):
            client.request("GET", "/api/state")
        with pytest.raises(InputError, match="is not hosted for others"):
            make_vector_env(f"{url}#json:loads", 1)
        with pytest.raises(InputError, match="the service was started with them"):
            make_vector_env(url, 1, render_mode="human")


def test_what_draws_nothing_says_so(tmp_path: Path) -> None:
    show = Show("trackmania_rl.environment.simulator.environment:TrackVectorEnv")
    worlds = show.worlds(1)
    assert worlds.picture() is None
    assert worlds.trouble is not None and "draws no pictures" in worlds.trouble
    worlds.close()


def test_recorded_episodes_hold_every_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackmania_rl.environment.replay.hosted.EVERY", 0.0)
    worlds = Show(OWN, folder=tmp_path).worlds(2)
    assert worlds.recording is not None
    seen, done, earned = [worlds.reset(seed=3)[0][0]], [], []
    for step in range(100):
        actions = np.float32([[0.25 + 0.2 * (-1) ** step], [0.0]])  # it hovers, so that it is not lost
        observations, rewards, *_, truncated, info = worlds.step(actions)
        seen.append(info["final_obs"][0] if truncated[0] else observations[0])
        done.append(actions[0])
        earned.append(rewards[0])
    assert truncated[0]
    worlds.close()
    first, second = read(worlds.recording.path)
    assert [sample.step for sample in second] == [0]
    np.testing.assert_array_equal([sample.observation for sample in first], seen)
    np.testing.assert_array_equal([sample.action for sample in first[1:]], done)
    np.testing.assert_array_equal([sample.reward for sample in first[1:]], earned)
    assert [sample.truncated for sample in first[-2:]] == [False, True]
    with pytest.raises(InputError, match="cannot be read"):
        list(read(tmp_path / "nothing.mcap"))


def test_recorded_episodes_are_read_up_to_where_a_crash_cut_them_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackmania_rl.environment.replay.hosted.EVERY", 0.0)
    recording = EpisodeRecording(tmp_path, OWN)
    for _ in range(3):
        recording.begin(np.zeros(3))
        for _ in range(9):
            recording.step(np.zeros(1), 1.0, False, False, np.zeros(3))
    assert [len(episode) for episode in read(recording.path)] == [10, 10]  # nobody closed it
    recording.close()
    whole = recording.path.read_bytes()
    for share in (0.3, 0.6, 0.9):
        recording.path.write_bytes(whole[: int(share * len(whole))])
        with contextlib.suppress(InputError):  # it ends before the first episode
            assert {len(episode) for episode in read(recording.path)} == {10}
    recording.path.write_bytes(b"no recording")
    with pytest.raises(InputError, match="holds no episode"):
        list(read(recording.path))


def test_a_disk_that_cannot_be_written_ends_the_recording_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recording = EpisodeRecording(tmp_path / "file", OWN)
    recording.begin(np.zeros(3))
    recording.step(np.zeros(1), 0.0, False, False, np.zeros(3))
    recording.close()
    assert recording.failure is not None and "cannot be written" in recording.failure


def test_the_example_keeps_its_promises_and_learns_and_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(promises, "STEPS", 50)
    assert [one for one in check(OWN) if one.result != "passed"] == []
    with running(environment_app([], show=Show(OWN)), port=0) as url:
        settings = ["batch=32", "hidden=[16, 16]", "warmup_steps=64", "buffer=4000", "compile=false"]
        command = ["train", "--env", url, "--worlds", "4", "--run", "own", "--json"]
        command += [part for setting in settings for part in ("--set", setting)]
        first = CliRunner().invoke(app, [*command, "--steps", "300"])
        assert first.exit_code == 0, first.output
        second = CliRunner().invoke(app, [*command, "--steps", "600", "--resume"])
        assert second.exit_code == 0, second.output
        assert json.loads(second.stdout.splitlines()[-1])["steps"] >= 600
