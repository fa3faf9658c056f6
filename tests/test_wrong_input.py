"""What is typed wrong is answered in one sentence, with exit status 2, and changes nothing."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from trackmania_rl import cli

COMMAND = [sys.executable, "-m", "trackmania_rl"]

Answer = tuple[int, str, str]
"""Exit status, standard output, standard error."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files that are not what their names say; the data folder is inside."""
    for ending in ("pt", "mcap", "csv", "track", "json", "Map.Gbx", "Ghost.Gbx"):
        (tmp_path / f"empty.{ending}").touch()
        (tmp_path / f"noise.{ending}").write_bytes(bytes(range(255, 0, -1)) * 9)
    (tmp_path / "text.txt").write_text("hello\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "60")
    return tmp_path


def answer(line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Answer:
    """What the command says, run in this process."""
    monkeypatch.setattr(sys, "argv", ["trackmania-rl", *shlex.split(line)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, *capfd.readouterr()  # type: ignore[return-value]


def kept(folder: Path) -> dict[Path, int]:
    """Every file and folder, and when it changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


WRONG = {
    # what is typed: words that the sentence must have
    "--bogus": "--bogus",
    "race": "--track",
    "race --track": "--track",
    "race --track sprint extra": "extra",
    "race --track sprint --cars x": "--cars is x, expected a valid integer",
    "race --track sprint --cars 65": "--cars is 65, expected less than or equal to 64",
    "race --track sprint --bogus": "--bogus",
    "race --track atlantis": "atlantis",
    "race --track folder": "folder",
    "race --track empty.Map.Gbx": "empty.Map.Gbx",
    "race --track noise.csv": "noise.csv is no text",
    "race --track noise.track": "noise.track is no text",
    "race --track text.txt": "expected a .Map.Gbx, .csv or .track file",
    "race --track sprint --driver nobody": "nobody",
    "race --track sprint --driver empty.pt": "empty.pt is no checkpoint",
    "race --track sprint --weather hail": "hail",
    "race --track sprint --record race.txt": "cannot write race.txt, expected a name that ends in .mcap",
    "race --track sprint --record text.txt/race.mcap": "cannot write text.txt/race.mcap",
    "track shwo": "did you mean 'show'",
    "track import folder": "no file folder",
    "track import noise.csv --id ../x": "../x",
    "track generate --length nan": "nan",
    "track generate --sheet sheet.txt": "sheet.txt",
    "track generate --sheet nowhere/sheet.png": "there is no folder nowhere",
    "track show sprint -o folder.png/x.png": "there is no folder folder.png",
    "calibrate --drives folder": "no drive in folder",
    "calibrate --drives noise.csv --write nowhere/car.json": "there is no folder nowhere",
    "replay show nobody": "no replay nobody",
    "replay show nobody --json": "no replay nobody",
    "replay show noise.mcap": "noise.mcap is no MCAP file",
    "replay list --after yesterday": "yesterday",
    "replay import missing.Ghost.Gbx": "no file missing.Ghost.Gbx",
    "replay export noise.mcap --out folder": "cannot write folder: it is a folder",
    "environment --host 0.0.0.0": "there is no token",
    "environment --host 0.0.0.0 --token ''": "--token is empty",
    "environment --token-file empty.csv": "empty.csv is empty",
    "environment --origin nonsense": "--origin is «nonsense»",
    "environment --keep-gb inf": "--keep-gb is inf",
    "environment --tmrl-port 99999": "--tmrl-port is 99999",
    "environment --option x=1": "--option x=1 without --env",
    "environment --record-sensors --no-record": "--no-record",
    "environment --env gymnasium:Pendulum-v1 --weather rain": "--weather beside --env",
    "environment check json:loads": "no environment json:loads",
    "environment check json:JSONDecoder": "expected a gymnasium.Env",
    "environment check gymnasium:Pendulum-v1 --option nope=1": "takes no option nope",
    "environment check http://": "«http://» is no address",
    "model --environment nonsense": "«nonsense» is no address",
    "model --remote-worlds http://127.0.0.1:8080,ftp://there": "«ftp://there» is no address",
    "model --metrics-url nonsense": "--metrics-url nonsense",
    "viewer --port 0 --environment nonsense": "«nonsense»",
    "viewer --port 0 --brand folder": "--brand folder",
    "demo --environment-port 9220 --model-port 9220": "--model-port 9220",
    "demo --weather hail --no-browser": "hail",
    "demo --ghost missing.mcap --no-browser": "missing.mcap",
    "demo --seconds -1": "--seconds is -1",
    "train --seconds nan": "--seconds is nan",
    "train --seed 99999999999999999999": "seed is 99999999999999999999",
    "train --set batch=x": 'batch is "x", expected int',
    "train --dataset missing": "dataset missing does not exist",
    "train --environment http://127.0.0.1:1": "no environment service answers",
    "train --env http://127.0.0.1:1": "no environment service answers",
    "train --mirror nonsense": "--mirror is «nonsense»",
    "train --env Nope": "no environment Nope",
    "train --track atlantis": "atlantis",
    "train --track ', '": "without a name",
    "train --run ../x": "run is '../x'",
    "train --set gamma=2": "gamma is 2",
    "train --set nope=1": "'nope' is unknown",
    "train --checkpoint noise.pt": "noise.pt is no checkpoint",
    "train --resume --run nobody": "nobody",
    "population --env Nope": "no environment Nope",
    "population --track atlantis": "atlantis",
    "population --seeds 1,1": "--seeds 1,1",
    "evaluate folder": "folder",
    "evaluate empty.pt --json": "empty.pt is no checkpoint",
    "tournament noise.pt": "noise.pt is no checkpoint",
    "export onnx noise.pt": "noise.pt is no checkpoint",
    "export onnx noise.pt --out folder": "cannot write folder",
    "export tmod missing.pt": "missing.pt",
    "export dataset nobody --out d": "'nobody' does not exist",
    "export video noise.mcap --out film.avi": "cannot write film.avi",
    "export video noise.mcap --out nowhere/film.mp4": "there is no folder nowhere",
    "export video noise.mcap --out film.mp4 --size big": "--size is «big»",
    "export video noise.mcap --out film.mp4 --to nan": "end is",
    "export video noise.mcap --out film.mp4 --camera drone": "--camera is drone, expected one of 'director'",
    "bench simulator --threads 0": "--threads is 0",
    "bench simulator --picture nowhere/x.png": "there is no folder nowhere",
    "bench cluster --workers 0": "--workers is «0»",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_refused_in_one_sentence(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = kept(folder)
    status, said, refusal = answer(line, monkeypatch, capfd)
    assert (status, said) == (2, ""), refusal
    assert refusal.startswith("error: ") and refusal.count("\n") == 1, refusal
    assert WRONG[line] in refusal
    assert kept(folder) == before


@pytest.mark.parametrize(
    ("line", "module", "cure"),
    [
        ("evaluate noise.pt", "torch", "pip install 'trackmania-rl[model]'"),
        ("race --track sprint", "warp", "pip install 'trackmania-rl[environment]'"),
        ("viewer --port 0", "litestar", "pip install 'trackmania-rl[viewer]'"),
        ("track show sprint", "matplotlib", "pip install 'trackmania-rl[all]'"),
    ],
)
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    line: str, module: str, cure: str, folder: Path
) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from trackmania_rl.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, *line.split()], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert result.stderr.startswith(f"error: {module} is not installed")
    assert cure in result.stderr


def test_a_full_disk_is_one_sentence(folder: Path) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        result = subprocess.run([*COMMAND, "--version"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert result.returncode == 2
    assert result.stderr.startswith(b"error: ") and b"no space left" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_a_reader_that_leaves_ends_the_command_without_a_word(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run([*COMMAND, "--version"], stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"")


def test_a_terminal_that_lacks_letters_gets_what_it_can_show(folder: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "dumb", "NO_COLOR": "1"}
    for line in (["track", "list"], ["track", "--help"]):
        result = subprocess.run([*COMMAND, *line], capture_output=True, env=environment, timeout=60)
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.isascii() and b"\x1b" not in result.stdout
