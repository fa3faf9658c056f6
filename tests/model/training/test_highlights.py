"""Highlights of a training and their replays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litestar.testing import TestClient

from trackmania_rl.environment.replay.reading import read
from trackmania_rl.environment.replay.verification import verify
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.runs import CHAMPIONS, RUN
from trackmania_rl.model.server import model_app
from trackmania_rl.model.training.evaluation import EVALUATION_SEED, Drive, drive, summary
from trackmania_rl.model.training.highlights import Highlights, read_highlights
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.volume import replays_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    run = tmp_path / "runs" / "some"
    run.mkdir(parents=True)
    return run


def test_best_lap_has_a_replay_that_is_the_lap(folder: Path) -> None:
    """The champion's evaluation gives a best lap; its replay drives again bit for bit to the same time."""
    policy = checkpoints.load(CHAMPIONS / "any.pt").policy()
    envs = make_vector_env("TrackMania/Horizon-v0", 2, track="sprint")
    try:
        drives = drive(policy, envs, seed=EVALUATION_SEED, episodes=2)
        assert summary(drives).finish_rate == 1.0
        highlights = Highlights(folder, "someone")
        highlights.look(drives, envs, ["sprint", "sprint"], step=10, seconds=1.0)
        highlights.close()
    finally:
        envs.close()
    first, best = read_highlights(folder)
    assert (first.kind, best.kind) == ("first_finish", "best_lap")
    assert (first.replay, best.replay) == ("episode-some-first_finish", "episode-some-best_lap")
    recorded = read(replays_folder() / f"{best.replay}.mcap")
    finish = next(event for event in recorded.events if event.kind == "finish")
    assert finish.value == pytest.approx(best.value, abs=1e-3)
    assert all(verdict.equal for verdict in verify(recorded, library.load("sprint")))


def test_a_highlight_must_beat_the_last_of_its_kind(folder: Path) -> None:
    """Laps, gains, progress and crashes over several evaluations; what is after a resumption goes."""

    def fell(share: float, speed: float) -> Drive:
        return Drive(0, 1.0, completion=share, cause="off_road", speed=speed)

    def finished(lap: float) -> Drive:
        return Drive(0, 9.0, completion=1.0, lap_time=lap, cause="finish", speed=30.0)

    highlights = Highlights(folder, "someone")
    evaluations = [[fell(0.1, 10.0)], [fell(0.5, 20.0)], [finished(40.0)], [finished(41.0)], [finished(36.0)]]
    kinds = [
        [found.kind for found in highlights.look(drives, None, ["sprint"], step=k, seconds=k)]
        for k, drives in enumerate(evaluations)
    ]
    assert kinds == [
        ["furthest", "worst_crash"],
        ["furthest", "biggest_improvement", "worst_crash"],
        ["first_finish", "best_lap", "biggest_improvement"],
        [],
        ["best_lap", "lap_gain"],
    ]
    newest = {highlight.kind: highlight for highlight in read_highlights(folder)}
    assert newest["lap_gain"].value == pytest.approx(4.0)
    assert "36.000 s" in newest["best_lap"].sentence and newest["best_lap"].replay is None
    assert len(read_highlights(folder, every=True)) == sum(map(len, kinds))
    highlights.forget_after(2)
    assert {highlight.kind: highlight for highlight in read_highlights(folder)}["best_lap"].value == 40.0
    highlights.close()


def test_a_superseded_replay_is_replaced_and_the_route_tells_the_newest(folder: Path) -> None:
    """Two bests of a kind leave one file; GET /api/runs/{id}/highlights gives the newest, or every one."""
    envs = make_vector_env("TrackMania/Horizon-v0", 1, track="sprint")
    highlights = Highlights(folder, "someone")
    for step in (1, 2):
        tape = np.full((10 * step, 3), (1.0, -1.0, 0.0), np.float32)
        fell = Drive(0, 1.0, completion=0.1 * step, cause="off_road", speed=10.0, tape=tape)
        highlights.look([fell], envs, ["sprint"], step=step, seconds=float(step))
    highlights.close()
    envs.close()
    assert sorted(path.name for path in replays_folder().iterdir()) == [
        f"episode-some-{kind}.mcap" for kind in ("biggest_improvement", "furthest", "worst_crash")
    ]
    assert len(read(replays_folder() / "episode-some-furthest.mcap").inputs["someone"]) == 20
    (folder / RUN).write_text("{}")
    with TestClient(model_app(Agents())) as client:
        newest = client.get("/api/runs/some/highlights").json()["highlights"]
        every = client.get("/api/runs/some/highlights?all=true").json()["highlights"]
        assert client.get("/api/runs/none/highlights").status_code == 404
    found = {highlight["kind"]: highlight for highlight in newest}
    assert found["furthest"]["value"] == pytest.approx(0.2)
    assert found["furthest"]["replay"] == "episode-some-furthest"
    former = [highlight for highlight in every if highlight["kind"] == "furthest"]
    assert [highlight.get("replay") for highlight in former] == [None, "episode-some-furthest"]


def test_an_episode_that_was_cut_off_says_so(folder: Path) -> None:
    """Standing still until the time limit is not being stuck."""
    tape = np.full((20, 3), (-1.0, -1.0, 0.0), np.float32)
    for limit, ending in ((1.0, "heat_end"), (2.0, "stuck")):
        envs = make_vector_env("TrackMania/Horizon-v0", 1, track="sprint", time_limit=limit)
        replay = envs.record(0, tape, "someone", "some")  # type: ignore[attr-defined]
        envs.close()
        events = read(replays_folder() / f"{replay}.mcap").events
        assert [event.kind for event in events] == ["start", ending]


def test_no_replay_where_a_tape_does_not_tell_the_drive(folder: Path) -> None:
    """In rain, with differing cars and from anywhere there is none."""
    tape = np.zeros((5, 3), np.float32)
    several: list[dict[str, Any]] = [{"weather": "rain"}, {"randomise": "mild"}, {"start": "anywhere"}]
    for options in several:
        envs = make_vector_env("TrackMania/Horizon-v0", 1, track="sprint", **options)
        assert envs.record(0, tape, "someone", "some") is None  # type: ignore[attr-defined]
        envs.close()
    assert not replays_folder().exists()
