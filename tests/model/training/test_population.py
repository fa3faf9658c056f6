"""Several learners side by side, and the ages that a run keeps of its policy."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.runs import list_checkpoints
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner

SMALL: dict[str, Any] = {
    "worlds": 4,
    "hidden": [16, 16],
    "batch": 32,
    "warmup_steps": 100,
    "compile": False,
    "device": "cpu",
    "evaluation_episodes": 1,
}


def command(*arguments: str) -> Any:
    given = [f"--set={name}={json.dumps(value)}" for name, value in SMALL.items()]
    return CliRunner().invoke(app, ["population", *arguments, *given, "--json"], catch_exceptions=False)


def test_seeds_learn_side_by_side_and_share(data: Path) -> None:
    """Each seed has a run of its own, and writes to the pool that all read."""
    done = command("--env", "gymnasium:Pendulum-v1", "--seeds", "3,5", "--steps", "600", "--pool", "team")
    assert done.exit_code == 0
    runs = json.loads(done.stdout.splitlines()[-1])["runs"]
    assert [(run["seed"], run["steps"], run["problem"]) for run in runs] == [(3, 600, None), (5, 600, None)]
    assert all(Path(run["checkpoint"]).exists() for run in runs)
    assert len(list((data / "pools/team").glob("*.ring"))) == 2


def test_a_member_that_fails_leaves_the_others_alone() -> None:
    """What is wrong is in the table, and in the exit code."""
    done = command("--env", "gymnasium:Blackjack-v1", "--seeds", "1", "--steps", "100")
    assert done.exit_code == 1
    assert "Tuple" in json.loads(done.stdout.splitlines()[-1])["runs"][0]["problem"]


@pytest.mark.parametrize("seeds", ["", "1,1", "a", "-1"])
def test_wrong_seeds_are_refused(seeds: str) -> None:
    result = CliRunner().invoke(app, ["population", f"--seeds={seeds}"])
    assert "expected different whole numbers" in str(result.exception)


def test_ages_stay_spread_over_the_training(data: Path) -> None:
    """Of forty checkpoints twelve are kept: the first, the newest, and others at even distances."""
    learner = Learner(LearnerConfig.of({**SMALL, "env": "points:make", "run": "old"}))
    for _ in range(40):
        learner.advance()
        learner.save()
    steps = [checkpoints.load(path).steps for path in checkpoints.ages(learner.folder)]
    assert len(steps) == checkpoints.AGES_MAX
    assert steps[0] == 4 and steps[-1] == 160
    gaps = [after - before for before, after in itertools.pairwise(steps)]
    assert max(gaps) <= 4 * min(gaps)
    learner.close()
    listed = {summary.id for summary in list_checkpoints()}
    assert f"old:age-{160:012d}" in listed
    assert checkpoints.load(checkpoints.ages(learner.folder)[0]).policy().observations == 2


def test_ages_after_the_last_checkpoint_are_forgotten() -> None:
    settings = {**SMALL, "env": "points:make", "run": "old"}
    learner = Learner(LearnerConfig.of(settings))
    learner.advance()
    learner.save()
    learner.advance()
    checkpoints.keep_age(learner.checkpoint(), learner.folder)  # killed before the checkpoint is whole
    learner.close()
    Learner(LearnerConfig.of(settings), resume=True).close()
    assert [checkpoints.load(path).steps for path in checkpoints.ages(learner.folder)] == [4]
