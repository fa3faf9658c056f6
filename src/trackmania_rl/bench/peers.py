"""Other driving simulators, each stepped in a Python environment of its own, for their pins clash with ours.

This file is also a program that imports nothing of this package: `python peers.py NAME SECONDS` steps one
peer with the interpreter that it is run by and prints one JSON object.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAILURE_CHARACTERS = 300
"""Longest reason that is shown for a peer that does not run."""


@dataclass(frozen=True)
class Peer:
    """A peer and how to get it.

    Attributes:
        title: Name for people.
        requirements: What to install from PyPI.
        start: Makes it ready and returns a function that advances it, and the agent-steps of one call.
    """

    title: str
    requirements: tuple[str, ...]
    start: Callable[[], tuple[Callable[[], object], int]]


def _episodes(env: Any, action: Any) -> Callable[[], object]:
    """One step of a Gymnasium environment, begun anew at the end of an episode."""
    env.reset()

    def advance() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return advance


def _car_racing() -> tuple[Callable[[], object], int]:
    import gymnasium
    import numpy as np

    return _episodes(gymnasium.make("CarRacing-v3"), np.array([0.0, 0.5, 0.0], np.float32)), 1


def _envpool() -> tuple[Callable[[], object], int]:
    import envpool
    import numpy as np

    number = 16
    env = envpool.make_gymnasium("CarRacing-v2", num_envs=number, num_threads=0)
    env.reset()
    actions = np.tile(np.array([0.0, 0.5, 0.0], np.float64), (number, 1))
    return (lambda: env.step(actions)), number


def _metadrive() -> tuple[Callable[[], object], int]:
    from metadrive import MetaDriveEnv

    return _episodes(MetaDriveEnv({"use_render": False, "log_level": 50}), [0.0, 0.3]), 1


def _highway() -> tuple[Callable[[], object], int]:
    import gymnasium
    import highway_env  # noqa: F401  # registers its environments

    observation = {"type": "LidarObservation", "cells": 19}
    env = gymnasium.make("racetrack-v0", config={"observation": observation})
    return _episodes(env, env.action_space.sample() * 0), 1


def _puffer() -> tuple[Callable[[], object], int]:
    import numpy as np
    from pufferlib.ocean import env_creator

    env = env_creator("puffer_drive")()
    env.reset()
    number = int(env.num_agents)
    actions = np.stack([env.single_action_space.sample() for _ in range(number)])
    return (lambda: env.step(actions)), number


PEERS = {
    "gymnasium": Peer("Gymnasium CarRacing-v3, one car", ("gymnasium[box2d]",), _car_racing),
    "envpool": Peer("EnvPool CarRacing-v2, 16 cars", ("envpool", "gymnasium"), _envpool),
    "metadrive": Peer("MetaDrive, one car, 240 beams", ("metadrive-simulator",), _metadrive),
    "highway": Peer("highway-env racetrack, one car, 19 cells", ("highway-env",), _highway),
    "puffer": Peer("PufferLib ocean drive", ("pufferlib",), _puffer),
}


def folder(data: Path, name: str) -> Path:
    """Where the environment of a peer lies in the data folder."""
    return data / "peers" / name


def install(data: Path, name: str) -> None:
    """Make the environment of a peer, with uv; raises CalledProcessError if that fails."""
    place = folder(data, name)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--allow-existing", str(place)], check=True)
    python = str(place / "bin" / "python")
    requirements = PEERS[name].requirements
    command = [*uv, "pip", "install", "--quiet", "--python", python, *requirements]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(place)
        raise


def measure(data: Path, name: str, seconds: float) -> dict[str, Any]:
    """Step a peer in its environment, or say why that cannot be done.

    Returns:
        `name`, and either `agent_steps_per_second` and `agent_steps_per_core_second`, or `failure`.
    """
    python = folder(data, name) / "bin" / "python"
    title = PEERS[name].title
    if not python.exists():
        return {"name": title, "failure": f"not installed: trackmania-rl bench simulator --install {name}"}
    done = subprocess.run(
        [str(python), __file__, name, str(seconds)],
        capture_output=True,
        text=True,
        timeout=120 + 10 * seconds,
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["no output"]
    if done.returncode != 0:
        return {"name": title, "failure": lines[-1][:FAILURE_CHARACTERS]}
    return {"name": title, **json.loads(lines[-1])}


def _step(name: str, seconds: float) -> dict[str, float]:
    advance, agents = PEERS[name].start()
    advance()
    steps = 0
    wall, core = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        advance()
        steps += agents
    return {
        "agent_steps_per_second": steps / (time.perf_counter() - wall),
        "agent_steps_per_core_second": steps / (time.process_time() - core),
    }


if __name__ == "__main__":
    print(json.dumps(_step(sys.argv[1], float(sys.argv[2]))))
