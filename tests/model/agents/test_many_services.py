"""A model service in the races of several environment services, several in one, and worlds from several."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trackmania_rl.bench.service import Started, started
from trackmania_rl.cli import app
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentCreate

PATIENCE = 50.0
PENDULUM = ("environment", "--no-record", "--env", "gymnasium:Pendulum-v1", "--port")
RACE = ("environment", "--no-record", "--track", "sprint", "--port")


@contextlib.contextmanager
def services(*lines: tuple[str, ...]) -> Iterator[list[Started]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(started("trackmania_rl", *line)) for line in lines]


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(url + path, timeout=10.0) as answer:
        return json.load(answer)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def driver(id: str) -> AgentCreate:
    return AgentCreate(agent_id=id, checkpoint="champion", learn=False)


def in_race(service: Started) -> set[str]:
    """The agents whose cars have moved."""
    lines = ask(service.url, "/api/state")["standings"]
    return {line["agent_id"] for line in lines if line["progress"] > 0.0}


def test_agents_of_two_model_services_share_two_races(data: Path) -> None:
    """The first spreads its agents, which stay where they are when it starts anew."""
    with services(RACE, RACE) as (one, two):
        both = f"{one.url}, {two.url}"
        first = Agents(environment=both)
        for id in ("a", "b", "c"):
            first.add(driver(id))
        second = Agents(environment=one.url)
        second.add(driver("d"))
        until(lambda: in_race(one) == {"a", "c", "d"} and in_race(two) == {"b"})
        first.remove("a")
        until(lambda: in_race(one) == {"c", "d"})
        first.close()
        second.close()
        again = Agents(environment=both)
        again.revive()
        races = {agent.create.agent_id: agent.kept.race for agent in again.all()}
        assert races == {"b": two.url, "c": one.url, "d": one.url}
        again.add(driver("e"))
        until(lambda: "e" in in_race(two))
        again.close()


def test_a_training_shares_its_worlds_among_services(data: Path) -> None:
    with services(PENDULUM, PENDULUM) as (one, two):
        settings = ["worlds=5", "hidden=[16,16]", "warmup_steps=20", "batch=16", "compile=false"]
        settings += ["evaluation_episodes=2"]
        arguments = [argument for setting in settings for argument in ("--set", setting)]
        done = CliRunner().invoke(
            app,
            [
                "train",
                "--env",
                f"{one.url},{two.url}",
                "--run",
                "shared",
                "--steps",
                "200",
                "--json",
                *arguments,
            ],
        )
        assert done.exit_code == 0, done.output
        worlds = [steps(service) for service in (one, two)]
        assert worlds[0] > worlds[1] > 0  # three worlds here, two there; both evaluate too


def steps(service: Started) -> float:
    """World steps that a service has made."""
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=10.0) as answer:
        text = answer.read().decode()
    [line] = [line for line in text.splitlines() if line.startswith("trackmania_world_steps_total")]
    return float(line.split()[-1])


def test_services_with_different_environments_are_refused() -> None:
    urls = "http://127.0.0.1:8301#gymnasium:A-v0,http://127.0.0.1:8302#gymnasium:B-v0"
    with pytest.raises(InputError, match="the services differ"):
        make_vector_env(urls, 4)
