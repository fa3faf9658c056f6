"""The way into a Ray cluster, with errors that people can read."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from trackmania_rl.protocol.errors import InputError

AUTO = "auto"
"""The Ray that RAY_ADDRESS names if it is set, else one that is started here for this training alone."""
PATIENCE = 3.0
"""Longest wait for an address to answer [s] (guess)."""


def authenticate(address: str) -> None:
    """Set whether Ray asks for a token, unless RAY_AUTH_MODE says so: call it before Ray is imported.

    As `ray start` does, where this user has a token; and always for a Ray that is started here.

    Raises:
        InputError: Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise InputError("--cluster needs Ray: pip install 'trackmania-rl[cluster]'", field="cluster")
    if "RAY_AUTH_MODE" in os.environ:
        return
    if "RAY_AUTH_TOKEN" in os.environ or (Path.home() / ".ray" / "auth_token").exists():
        os.environ["RAY_AUTH_MODE"] = "token"
    elif address == AUTO and "RAY_ADDRESS" not in os.environ:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))


@contextlib.contextmanager
def connected(address: str, processors: int) -> Iterator[None]:
    """A Ray cluster, for as long as the block lasts.

    Args:
        address: HOST:PORT of a running one's head; or "auto" for the one that RAY_ADDRESS names, as in a
            pod of Ray's, or to start one here.
        processors: Workers and learners that a Ray started here is to have room for.

    Raises:
        InputError: Nothing of that kind answers there.
    """
    import ray

    with contextlib.ExitStack() as stack:
        if address == AUTO:
            address = os.environ.get("RAY_ADDRESS", AUTO)
        if address == AUTO:
            from trackmania_rl.cluster.nodes import local_nodes

            nodes = stack.enter_context(local_nodes(max(os.cpu_count() or 1, processors)))
            address = nodes.address
        else:
            _check_reach(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray's failures to connect have no common type
            raise InputError(
                f"--cluster {address}: no Ray cluster that this one fits answers there ({_first(error)}): "
                "its Ray and Python must be of the same versions, this machine must be one of its nodes, and "
                "if it asks for a token, RAY_AUTH_MODE must be token here and RAY_AUTH_TOKEN its token",
                field="cluster",
            ) from error
        stack.callback(ray.shutdown)
        yield


def _check_reach(address: str) -> None:
    """Find out quickly what Ray finds out after minutes.

    Raises:
        InputError: It is no address, or nothing listens there.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise InputError(f"--cluster {address}: expected auto or HOST:PORT, as `ray start --head` prints it")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--cluster {address}: nothing answers there ({error}); `ray start --head` starts one",
            field="cluster",
        ) from error


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
