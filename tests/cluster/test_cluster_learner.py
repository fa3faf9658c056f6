"""Training on a cluster: workers drive, die and are replaced; wrong ones are refused."""

import os
import signal
import time
from typing import Any

import pytest
from typer.testing import CliRunner

import trackmania_rl
from trackmania_rl.cli import app
from trackmania_rl.cluster.learner import ClusterConfig, ClusterLearner
from trackmania_rl.cluster.worker import FRAGMENT_STEPS
from trackmania_rl.model import checkpoint as checkpoints
from trackmania_rl.model.learner import LearnerConfig, run
from trackmania_rl.protocol.errors import InputError

SETTINGS: dict[str, Any] = {
    "env": "points:make",
    "worlds": 4,
    "hidden": [16, 16],
    "batch": 32,
    "warmup_steps": 100,
    "compile": False,
    "device": "cpu",
    "evaluation_episodes": 2,
    "checkpoint_every": 1e9,
    "evaluate_every": 1e9,
}
FRAGMENT = 4 * FRAGMENT_STEPS

pytestmark = pytest.mark.cluster


def learner(workers: int = 1, resume: bool = False, **settings: Any) -> ClusterLearner:
    config = LearnerConfig.of({**SETTINGS, **settings}, run="far")
    return ClusterLearner(config, ClusterConfig(workers=workers), resume=resume)


def until(learner: ClusterLearner, steps: int) -> None:
    """Advance until it has learned from so many steps."""
    deadline = time.monotonic() + 60.0
    while learner.steps < steps:
        assert time.monotonic() < deadline, f"{learner.steps} steps only"
        learner.advance()


@pytest.mark.usefixtures("cluster")
def test_two_workers_feed_one_learner_that_is_saved_and_goes_on() -> None:
    one = learner(workers=2, steps=20 * FRAGMENT)
    progress = run(one)
    assert progress.steps == 20 * FRAGMENT == len(one.shards)
    assert all(len(shard) for shard in one.shards.shards)
    assert one.normaliser.count == progress.steps
    first_that_counts = -(-SETTINGS["warmup_steps"] // FRAGMENT)
    assert progress.updates == (20 - first_that_counts + 1) * FRAGMENT_STEPS
    assert progress.values["cluster/workers"] == 2
    assert checkpoints.load(one.folder / checkpoints.FOLDER / checkpoints.BEST).result is not None
    two = learner(workers=2, resume=True)
    assert (two.steps, two.updates, len(two.shards)) == (progress.steps, progress.updates, progress.steps)
    two.close()


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker_is_replaced_and_its_windows_are_cut() -> None:
    one = learner()
    until(one, FRAGMENT)
    os.kill(one.fleet.processes()[0], signal.SIGKILL)
    while not one.fleet.replaced:
        one.advance()
    shard = one.shards.shards[0]
    assert shard.ring.ended[shard.written - 1].all()
    assert not shard.ring.terminated[shard.written - 1].all()
    until(one, one.steps + 2 * FRAGMENT)
    assert one.fleet.replaced == 1
    one.close()


@pytest.mark.usefixtures("cluster")
def test_a_worker_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackmania_rl, "__version__", "9.9.9")
    one = learner()
    with pytest.raises(InputError, match=r"worker 0 is of another version.*the learner's 9\.9\.9"):
        until(one, 1)
    one.close()


def test_a_pool_is_refused() -> None:
    with pytest.raises(InputError, match="pool: not with --cluster"):
        learner(pool={"name": "team"})


@pytest.mark.parametrize(
    ("address", "message"),
    [("nowhere", "expected auto or HOST:PORT"), ("127.0.0.1:18459", "nothing answers")],
)
def test_a_wrong_address_is_refused(address: str, message: str) -> None:
    result = CliRunner().invoke(app, ["train", "--cluster", address, "--steps", "10"])
    assert message in str(result.exception)
