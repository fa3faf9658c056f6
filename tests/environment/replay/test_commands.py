"""Import, compare, export and list drives on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from replay.ghost_files import GHOST, along, chunk, container, record
from trackmania_rl.cli import app, main
from trackmania_rl.environment.race import ghosts
from trackmania_rl.environment.replay import archive, comparison
from trackmania_rl.environment.replay.drive import read_drive
from trackmania_rl.environment.replay.verification import verify
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import replays_folder

TRACK = library.load("bridge-lap")


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ghosts of a car that drives at 50 m/s, and of one at 40."""
    folder = tmp_path_factory.mktemp("drives")
    return {name: ghost(folder, name, speed) for name, speed in (("Fast", 50.0), ("Slow", 40.0))}


def ghost(folder: Path, name: str, speed: float, beyond: float = -5.0) -> Path:
    """A ghost of a car that drives until it is so far beyond the finish [m]."""
    rows = along(TRACK, speed, (TRACK.length + beyond) / speed)
    file = folder / f"{name}.Ghost.Gbx"
    file.write_bytes(container(GHOST, chunk(11, record(11, rows))))
    return file


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["replay", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_imported_drive_is_a_replay_like_others(data_folder: Path, drives: dict[str, Path]) -> None:
    told = json.loads(run("import", str(drives["Fast"]), "--track", TRACK.id, "--name", "Anna B.", "--json"))
    assert told["replay"] == "bridge-lap-Anna-B"
    assert Path(told["file"]).parent == replays_folder()
    listed = json.loads(run("list", "--track", TRACK.id, "--json"))["replays"]
    assert [entry["id"] for entry in listed] == ["bridge-lap-Anna-B"]
    assert "Anna B." in run("show", told["replay"])
    recorded = archive.load(told["replay"])
    exact = read_drive(drives["Fast"], TRACK)
    np.testing.assert_allclose(recorded.poses["human"][:, :3], exact.samples[:, :3], atol=1.1e-3)
    assert [event.kind for event in recorded.events].count("checkpoint") == len(TRACK.checkpoints)
    ghost = ghosts.read(Path(told["file"]), TRACK)[0]
    assert (ghost.car.name, ghost.car.ghost) == ("Anna B.", True)
    with pytest.raises(InputError, match="is a human drive: there is no tape"):
        verify(recorded, TRACK)
    # Importing it again replaces it.
    run("import", str(drives["Fast"]), "--track", TRACK.id, "--name", "Anna B.")
    assert len(archive.summaries()) == 1


def test_names_without_latin_letters_are_told_apart(data_folder: Path, drives: dict[str, Path]) -> None:
    ids = set()
    for name in ("Мария", "Ольга", "Мария"):
        told = run("import", str(drives["Fast"]), "--track", TRACK.id, "--name", name, "--json")
        ids.add(json.loads(told)["replay"])
    assert len(ids) == 2 and all(archive.ID.fullmatch(id) for id in ids)
    assert {car.name for entry in archive.summaries() for car in entry.cars} == {"Мария", "Ольга"}


def test_gaps_grow_as_the_slower_car_falls_behind(
    data_folder: Path, drives: dict[str, Path], tmp_path: Path
) -> None:
    run("import", str(drives["Fast"]), "--track", TRACK.id)
    picture = tmp_path / "gaps.png"
    told = json.loads(
        run(
            "compare",
            "bridge-lap-Fast",
            str(drives["Slow"]),
            "--in-order",
            "--picture",
            str(picture),
            "--json",
        )
    )
    fast, slow = told["cars"]
    assert told["track"] == TRACK.id
    assert len(slow["marks"]) == len(TRACK.checkpoints) + 1
    for mark in slow["marks"][:-1]:
        assert mark["gap_s"] == pytest.approx(mark["distance_m"] * (1 / 40 - 1 / 50), abs=0.1)
    assert slow["lost"][1]["lost_s"] == pytest.approx(0.5, abs=0.1)  # 100 m at 50 and at 40 m/s
    assert all(mark["gap_s"] in (0.0, None) for mark in fast["marks"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = run("compare", "bridge-lap-Fast", str(drives["Slow"]), "--in-order")
    assert "checkpoint 1" in text
    assert "lost most" in text


def test_a_car_that_returns_to_the_start_is_compared_by_when_it_first_came() -> None:
    line = comparison.Line("a", np.array([0.0, 10.0, 20.0, 0.0, 15.0, 30.0]), None)
    assert line.reached(np.array([0.0, 15.0, 25.0, 31.0])) == pytest.approx(
        [0.0, 0.075, 0.2 + 0.05 * 2 / 3, np.nan], nan_ok=True
    )


def test_what_cannot_be_compared_is_refused(data_folder: Path, drives: dict[str, Path]) -> None:
    run("import", str(drives["Fast"]), "--track", TRACK.id)
    for names, track, message in (
        (["bridge-lap-Fast"], None, "expected two or more"),
        ([str(drives["Fast"]), str(drives["Slow"])], None, "--track"),
        (["bridge-lap-Fast", str(drives["Slow"])], library.load("sprint"), "expected drives on sprint"),
    ):
        with pytest.raises(InputError, match=message):
            comparison.compare(names, track)
    with pytest.raises(InputError, match=r"expected a \.png or \.svg"):
        comparison.draw(comparison.compare([str(f) for f in drives.values()], TRACK), Path("gaps.gif"))


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_replay_is_exported(
    data_folder: Path, drives: dict[str, Path], tmp_path: Path, format: str
) -> None:
    run("import", str(drives["Fast"]), "--track", TRACK.id)
    file = tmp_path / f"out.{format}"
    told = json.loads(run("export", "bridge-lap-Fast", "--format", format, "--out", str(file), "--json"))
    poses = archive.load("bridge-lap-Fast").poses["human"]
    assert told["rows"] == len(poses)
    if format == "json":
        assert json.loads(file.read_text())["cars"][0]["samples"][0] == pytest.approx(poses[0, 0], abs=1e-3)
        return
    if format == "csv":
        with file.open() as text:
            rows = list(csv.DictReader(text))
        x, sent = float(rows[40]["x"]), rows[40]["gas_sent"]
        assert sent == ""
    else:
        arro3 = pytest.importorskip("arro3.io", reason="needs the extra parquet")
        columns = arro3.read_parquet(str(file)).read_all()
        assert columns.num_rows == len(poses)
        x = columns["x"].to_numpy()[40]
        assert columns["t"].to_numpy()[40] == 2.0
    assert x == pytest.approx(poses[40, 0], abs=1e-3)


def test_another_format_is_refused(data_folder: Path, drives: dict[str, Path]) -> None:
    run("import", str(drives["Fast"]), "--track", TRACK.id)
    with pytest.raises(InputError, match="expected one of csv, parquet, json"):
        run("export", "bridge-lap-Fast", "--format", "xls")


def test_the_fastest_is_the_reference_unless_the_order_is_kept(tmp_path: Path) -> None:
    named = [str(ghost(tmp_path, name, speed, 5.0)) for name, speed in (("Slow", 40.0), ("Fast", 50.0))]
    assert [line.name for line in comparison.compare(named, TRACK).lines] == ["Fast", "Slow"]
    kept = comparison.compare(named, TRACK, in_order=True)
    assert [line.name for line in kept.lines] == ["Slow", "Fast"]
    assert kept.gaps[1, 10] < 0.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "--after", "soon"], "after is 'soon', expected a time as"),
        (["list", "--result", "won"], "expected finished or unfinished"),
        (["show", "nowhere"], "no replay nowhere"),
        (["show", "../../secret"], "no replay ../../secret"),
        (["show", "text.mcap"], "text.mcap is no MCAP file"),
        (["verify", "text.mcap"], "text.mcap is no MCAP file"),
        (["compare", "text.mcap", "nowhere"], "text.mcap is no MCAP file"),
        (["import", "text.csv", "--track", "bridge-lap"], "text.csv"),
        (["import", "missing.csv", "--track", "bridge-lap"], "missing.csv"),
        (["export", "text.mcap", "--out", "out.csv"], "text.mcap is no MCAP file"),
        (["export", "nowhere", "--out", "out.csv"], "no replay nowhere"),
        (["show", "empty.mcap"], "empty.mcap is no MCAP file, expected a recorded race: it is empty"),
        (["show", "folder.mcap"], "folder.mcap is a folder"),
        (["import", "zeros.csv", "--track", "bridge-lap"], "zeros.csv is no text: byte 0 is zero"),
        (["import", "empty.Ghost.Gbx", "--track", "bridge-lap"], "it is no file of TrackMania"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_writes_nothing(
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("text.mcap", "text.csv"):
        Path(name).write_text("no drive")
    for name in ("empty.mcap", "empty.Ghost.Gbx"):
        Path(name).touch()
    Path("zeros.csv").write_bytes(bytes(5000))
    Path("folder.mcap").mkdir()
    before = sorted(tmp_path.rglob("*.*"))
    monkeypatch.setattr("sys.argv", ["trackmania-rl", "replay", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert told in said
    assert said.count("\n") == 1
    assert sorted(tmp_path.rglob("*.*")) == before
    assert not list(replays_folder().glob("*"))


def test_the_authors_ghost_is_asked_for_by_name() -> None:
    author, other = Path("author"), Path("other.csv")
    assert ghosts.own_ghosts([other, author], ["my.Map.Gbx"]) == [other, Path("my.Map.Gbx")]
    assert ghosts.own_ghosts([other], ["sprint"]) == [other]
    with pytest.raises(InputError, match=r"give one \.Map\.Gbx as --track"):
        ghosts.own_ghosts([author], ["sprint"])
