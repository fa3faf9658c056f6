"""Nodes of Ray on this machine: for a training of its own, for tests and for measurements."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from ray.cluster_utils import Cluster

from trackmania_rl.protocol.errors import InputError

STORE_BYTES = 200 * 2**20
"""Object store of a node that is started here [bytes]: what is in flight is a few megabytes a worker."""
AGENT_PORTS = (
    "metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port",
)  # fmt: skip
"""Ports of a node's helpers. Ray ends a node whose helpers have not chosen theirs within 15 s, as happens on
a busy machine; given ports it has less to wait for (github.com/ray-project/ray/issues/65983) ..."""
ATTEMPTS = 3
"""... and a node that did not come up is tried again."""
SYSTEM = {"worker_niceness": 0}
"""Ray's processes give way to all others of a machine, by niceness 15; here they are the work, and a learner
would wait for another one that has to give way."""


@contextlib.contextmanager
def local_nodes(*processors: int, **options: Any) -> Iterator[Cluster]:
    """A Ray cluster on this machine, which ends with the block.

    Args:
        processors: Of each node, the head's first: so many workers and learners find room there.
        options: Of the nodes, as ray.cluster_utils.Cluster.add_node takes them.
    """
    cluster = Cluster()
    try:
        for number, count in enumerate(processors):
            head = {} if number else {"_system_config": SYSTEM}
            add_node(cluster, count, **head, **options)
        yield cluster
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


def add_node(cluster: Cluster, processors: int, **options: Any) -> Any:
    """Another node, as if it were another machine.

    Raises:
        InputError: It did not come up.
    """
    options = {"object_store_memory": STORE_BYTES, "include_dashboard": False, **options}
    for _ in range(ATTEMPTS):
        ports: dict[str, Any] = dict(zip(AGENT_PORTS, free_ports(len(AGENT_PORTS)), strict=True))
        try:
            return cluster.add_node(num_cpus=processors, **ports, **options)
        except Exception as error:  # Ray has no type for it
            failure = error
    raise InputError(f"Ray does not start on this machine, which may be too busy: {failure}", field="cluster")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [taken.getsockname()[1] for taken in sockets]
