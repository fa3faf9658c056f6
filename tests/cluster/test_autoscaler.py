"""Ray's autoscaler brings machines while a learner starves; a sated learner gives its workers back.

That takes minutes: CLUSTER_AUTOSCALER=1 asks for it. That machines without workers are ended is not seen
here: the fake machines share an address, by which Ray 2.60's autoscaler would know that they are idle.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'trackmania-rl[cluster]'")
import ray

from trackmania_rl.cluster import scaling
from trackmania_rl.cluster.learner import ClusterConfig, ClusterLearner
from trackmania_rl.cluster.nodes import free_ports
from trackmania_rl.model.training.config import LearnerConfig

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif("CLUSTER_AUTOSCALER" not in os.environ, reason="set CLUSTER_AUTOSCALER=1 to run it"),
]
EMPTY_LISTS = (
    "cluster_synced_files", "initialization_commands", "setup_commands", "head_setup_commands",
    "worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands", "rsync_exclude",
    "rsync_filter",
)  # fmt: skip


def settings(address: str) -> dict[str, object]:
    """Of Ray's autoscaler with its fake provider, whose machines are processes of this one."""
    types = {"ray.head.default": {"resources": {}, "node_config": {}, "max_workers": 0}}
    types["worlds"] = {
        "resources": {"CPU": 1, "object_store_memory": 10**8}, "node_config": {}, "max_workers": 4,
    }  # fmt: skip
    return {
        "cluster_name": "fake", "max_workers": 4, "upscaling_speed": 1.0, "idle_timeout_minutes": 0.1,
        "provider": {"type": "fake_multinode", "gcs_address": address, "disable_node_updaters": True},
        "auth": {"ssh_user": "nobody", "ssh_private_key": "/dev/null"},
        "available_node_types": types, "head_node_type": "ray.head.default", "file_mounts": {},
        "file_mounts_sync_continuously": False, **{name: [] for name in EMPTY_LISTS},
    }  # fmt: skip


@pytest.fixture
def processors(tmp_path: Path) -> Iterator[Callable[[], float]]:
    """A cluster whose head has room for nobody; tells how many processors it has."""
    port, *agents = free_ports(5)
    address = f"{ray.util.get_node_ip_address()}:{port}"
    (tmp_path / "fake.json").write_text(json.dumps(settings(address)))
    names = ("dashboard-agent-grpc-port", "metrics-export-port", "runtime-env-agent-port")
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={port}",
        "--num-cpus=0", f"--autoscaling-config={tmp_path / 'fake.json'}", "--include-dashboard=false",
        "--disable-usage-stats",
        *(f"--{name}={agent}" for name, agent in zip(names, agents, strict=False)),
    ]  # fmt: skip
    fast = {"AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1", "RAY_worker_niceness": "0"}
    environment = {**os.environ, **fast, "RAY_AUTH_MODE": "disabled"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as head:
        assert head.stdout is not None
        try:
            next(line for line in head.stdout if "runtime started" in line)
            ray.init(address=address, log_to_driver=False)
            yield lambda: ray.cluster_resources().get("CPU", 0.0)
        finally:
            ray.shutdown()
            os.killpg(head.pid, signal.SIGKILL)


def test_a_learner_gets_a_machine_while_it_starves_and_gives_its_worker_back(
    processors: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "PERIOD", 4.0)
    config = LearnerConfig.of(
        {"hidden": [16, 16], "batch": 32, "warmup_steps": 100, "compile": False, "updates_per_step": 0.02},
        env="points:make", run="scaled", worlds=64, device="cpu", evaluation_episodes=2,
    )  # fmt: skip
    learner = ClusterLearner(config, ClusterConfig(workers=1, workers_max=2))

    def until(done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 55.0
        while not done():
            assert time.monotonic() < deadline, f"{len(learner.fleet)} workers, {processors()} processors"
            learner.advance()

    until(lambda: learner.fleet.busy == 1)
    assert processors() == 1
    until(lambda: learner.fleet.busy == 2)
    assert processors() == 2
    learner.config = dataclasses.replace(config, updates_per_step=40.0)  # now it is the slower one
    until(lambda: len(learner.fleet) == 1)
    learner.close()
