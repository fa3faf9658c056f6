import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.commands import app
from trackmania_rl.protocol.errors import InputError
from tracks.samples import SHORT, map_bytes, shared


@pytest.fixture(autouse=True)
def volume(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_import_prints_its_figures(volume):
    (volume / "short.Map.Gbx").write_bytes(map_bytes(SHORT))
    figures = json.loads(run("import", "short.Map.Gbx", "--json"))
    assert figures == {"blocks": 5, "chained": 5, "length_m": 160.0, "track": "short"}
    assert "5 of 5 blocks chained" in run("import", "short.Map.Gbx", "--id", "other")
    assert library.load("other").name == "Test"


def test_list_has_every_track():
    listed = json.loads(run("list", "--json"))["tracks"]
    assert [entry["id"] for entry in listed] == library.bundled_ids()
    table = run("list")
    assert all(id in table for id in library.bundled_ids())


def test_show_draws_and_says_where(volume):
    facts = json.loads(run("show", "sprint", "--json"))
    assert facts["picture"] == "sprint.png"
    assert (volume / "sprint.png").stat().st_size > 10_000
    assert "p.svg" in run("show", "oval", "--out", str(volume / "p.svg"))
    assert (volume / "p.svg").exists()


def test_errors_reach_the_command_line_as_they_are():
    with pytest.raises(InputError, match="no track «nowhere»"):
        run("show", "nowhere")


def test_generated_tracks_are_texts_in_the_volume(volume):
    made = json.loads(run("generate", "--seed", "5", "--length", "800", "--count", "2", "--json"))["tracks"]
    assert [entry["track"] for entry in made] == ["generated-5", "generated-6"]
    text = Path(made[0]["file"]).read_text()
    assert "\nstart\n" in text
    assert library.load("generated-5").length == pytest.approx(made[0]["length_m"], abs=0.1)
    assert {"generated-5", "generated-6"} < {
        entry["id"] for entry in json.loads(run("list", "--json"))["tracks"]
    }
    run("generate", "--kind", "lap", "--length", "700", "--id", "mine", "--picture")
    run("generate", "--count", "5", "--length", "700", "--sheet", "five.svg")
    assert (volume / "five.svg").read_text().count("Generated ") == 5
    assert (volume / "mine.png").stat().st_size > 10_000
    assert library.load("mine").closed
    with pytest.raises(InputError, match="belongs to a bundled track"):
        run("generate", "--id", "sprint")
    with pytest.raises(InputError, match="length is 5"):
        run("generate", "--length", "5")


def test_an_import_replaces_a_generated_track_of_its_id(volume):
    run("generate", "--id", "mine")
    (volume / "mine.track").write_text("start\nfinish\n")
    run("import", "mine.track")
    assert library.load("mine").length == pytest.approx(16.0)


def test_a_map_gives_a_road_along_its_authors_drive():
    path = str(shared("maps/tmrl-train.Map.Gbx"))
    figures = json.loads(run("import", path, "--id", "driven", "--drive", "--json"))
    assert figures["blocks"] == 0
    driven, map_ = library.load("driven"), library.load(path)
    middle = driven.position[200:-200]
    nearest = np.linalg.norm(middle[:, None] - map_.position[None], axis=2).min(axis=1)
    assert nearest.max() < 12.8
    assert driven.length < map_.length  # it cuts corners
