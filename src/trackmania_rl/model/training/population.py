"""Several learners side by side, each in a process of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.loop import Progress
from trackmania_rl.model.training.process import Failed, LearnerProcess, Report

LOOK_PERIOD = 0.25
"""Time between looks at how far they are [s]."""
STOP_TIMEOUT = 60.0
"""Longest wait for a learner to evaluate and save itself at the end [s]."""


@dataclass
class Member:
    """A learner of the population: how far it is, and what went wrong if something did."""

    config: LearnerConfig
    progress: Progress | None = None
    problem: str | None = None


def train_population(
    configs: Sequence[LearnerConfig],
    on_progress: Callable[[Sequence[Member]], None],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
) -> list[Member]:
    """Train all until each is done or `should_stop` says so; one that fails leaves the others alone.

    Args:
        configs: Settings of each, with runs of their own.
        on_progress: Called a few times a second with all of them.
        should_stop: Asked as often.
        resume: Go on with runs that there are already; otherwise they are replaced.
    """
    members = [Member(config) for config in configs]
    processes = [LearnerProcess(config, resume=resume) for config in configs]
    threads = [
        threading.Thread(target=_listen, args=pair, daemon=True)
        for pair in zip(members, processes, strict=True)
    ]
    for thread in threads:
        thread.start()
    asked = False
    while any(thread.is_alive() for thread in threads):
        if should_stop() and not asked:
            asked = True
            for process in processes:
                process.send("stop")
        on_progress(members)
        time.sleep(LOOK_PERIOD)
    return members


def _listen(member: Member, process: LearnerProcess) -> None:
    """Take in what a learner says until it ends."""
    while (message := process.receive()) is not None:
        if isinstance(message, Report):
            member.progress = message.progress
        elif isinstance(message, Failed):
            member.problem = message.detail
    code = process.join(STOP_TIMEOUT)
    if code and member.problem is None:
        member.problem = f"its learner died (exit code {code}; -9 often means too little memory)"
