"""Training on a cluster: workers drive and learners learn, die and are replaced; wrong ones are refused.

Each process of Ray takes seconds to start, so most tests look at one training, in turns.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("ray", reason="Ray is not installed: pip install 'trackmania-rl[cluster]'")
from trackmania_rl.cli import app
from trackmania_rl.cluster.fleet import check
from trackmania_rl.cluster.learner import ClusterConfig, ClusterLearner
from trackmania_rl.cluster.nodes import add_node
from trackmania_rl.cluster.worker import FRAGMENT_STEPS, Version
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import run
from trackmania_rl.protocol.errors import InputError

pytestmark = pytest.mark.cluster
FRAGMENT = 4 * FRAGMENT_STEPS
SETTINGS: dict[str, Any] = {
    "env": "points:make", "run": "far", "worlds": 4, "steps": 1, "hidden": [16, 16], "batch": 32,
    "warmup_steps": 100, "compile": False, "device": "cpu", "evaluation_episodes": 2,
}  # fmt: skip


def learner(workers: int = 1, learners: int = 1, **more: Any) -> ClusterLearner:
    resume = more.pop("resume", False)
    return ClusterLearner(
        LearnerConfig.of({**SETTINGS, **more}),
        ClusterConfig(workers=workers, learners=learners),
        resume=resume,
    )


@pytest.fixture(scope="module")
def training(nodes: Any, volume: Path) -> Iterator[ClusterLearner]:
    """Two workers and two learners."""
    training = learner(workers=2, learners=2)
    yield training
    training.close()


def until(training: ClusterLearner, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 55.0
    while not done():
        assert time.monotonic() < deadline, f"{training.steps} steps, {training.updates} updates only"
        training.advance()


def test_two_workers_feed_two_learners(training: ClusterLearner) -> None:
    until(training, lambda: training.updates >= 3 * FRAGMENT_STEPS)
    assert training.steps == training.normaliser.count
    assert all(len(buffer) for buffer in training.team.mine.buffers.values())
    assert training.values()["cluster/workers"] == 2
    assert {"loss/critic", "train/return"} <= training.values().keys()


def test_a_killed_worker_is_replaced_and_its_windows_are_cut(training: ClusterLearner) -> None:
    until(training, lambda: training.fleet.busy == 2)
    number, process = next(iter(training.fleet.processes().items()))
    os.kill(process, signal.SIGKILL)
    before = training.fleet.replaced
    until(training, lambda: training.fleet.replaced > before)
    until(training, lambda: training.fleet.busy == 2)
    if number == 0:  # its experience is this learner's
        [buffer] = training.team.mine.buffers.values()
        assert (buffer.ring.ended & ~buffer.ring.terminated)[: buffer.written].all(dim=1).any()


def test_a_killed_learner_is_replaced_and_its_experience_stays(training: ClusterLearner) -> None:
    until(training, lambda: len(training.team) > 0)
    held, replaced = len(training.team), training.team.replaced
    os.kill(training.team.processes()[0], signal.SIGKILL)
    until(training, lambda: training.team.replaced > replaced)
    updates = training.updates
    until(training, lambda: training.updates > updates)
    assert len(training.team) >= held


def test_a_killed_machine_costs_what_ran_on_it(training: ClusterLearner, nodes: Any) -> None:
    until(training, lambda: training.fleet.busy == 2)
    replaced = training.fleet.replaced + training.team.replaced
    nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
    add_node(nodes, 1)
    until(training, lambda: training.fleet.replaced + training.team.replaced > replaced)
    updates = training.updates
    until(training, lambda: training.fleet.busy == 2 and training.updates > updates)


def test_its_checkpoint_is_a_plain_one_from_which_another_number_of_learners_goes_on(
    training: ClusterLearner,
) -> None:
    until(training, lambda: len(training.team) > 0)
    training.save()
    held = sum(state["filled"] for state in training.team.save()["shards"].values()) * 4
    alone = learner(workers=2, resume=True)
    assert (alone.steps, alone.updates, len(alone.team)) == (training.steps, training.updates, held)
    progress = run(alone)
    assert progress.evaluation is not None
    best = checkpoints.load(alone.folder / checkpoints.FOLDER / checkpoints.BEST)
    assert best.policy().act(best.low.numpy()[None].repeat(2, axis=1)).shape == (1, 1)
    with pytest.raises(InputError, match="it kept its experience in another way"):
        Learner(LearnerConfig.of(SETTINGS), resume=True)


def test_a_worker_of_another_version_is_refused() -> None:
    check(3, Version("1.0", "physics-2"), Version("1.0", "physics-2"))
    with pytest.raises(InputError, match=r"worker 3 .* its package is 1\.0, the learner's 9\.9; install"):
        check(3, Version("1.0", "physics-2"), Version("9.9", "physics-2"))
    with pytest.raises(InputError, match="its environment is physics-1, the learner's physics-2"):
        check(3, Version("1.0", "physics-1"), Version("1.0", "physics-2"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster", "nowhere"], "expected auto or HOST:PORT"),
        (["--cluster", "127.0.0.1:8999"], "nothing answers"),
        (["--cluster", "auto", "--learners", "3"], "learners is 3, expected 1 to the number of workers, 2"),
        (["--cluster", "auto", "--learners", "2", "--set", "batch=31"], "batch is 31, expected a multiple"),
        (["--cluster", "auto", "--set", 'pool={"name": "team"}'], "pool: not with --cluster"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["train", *arguments, "--steps", "10"])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
