"""Agents in races: each drives one car of the environment service in real time with its newest policy."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.protocol.client import BACKOFF_MAX, BACKOFF_MIN
from trackmania_rl.protocol.driving import DriveClient
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import ActionAnswer, AgentAdd

log = logging.getLogger(__name__)


class Racer:
    """A thread that drives one car for as long as it is wanted, whether or not the service is there.

    Args:
        url: Address of the environment service.
        agent: Who drives, and which observation it wants.
        policy: Gives the newest policy; None while there is none: the car waits.
        token: Token of the environment service, if it asks for one.
    """

    def __init__(
        self, url: str, agent: AgentAdd, policy: Callable[[], Policy | None], token: str | None = None
    ) -> None:
        self.problem: str | None = "Joining the race."
        """Why it does not drive, in a sentence; None while it does."""
        self._policy = policy
        self._client = DriveClient(url, agent, token=token, patience=0.0)
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"racer {agent.agent_id}", daemon=True)
        self._thread.start()

    @property
    def racing(self) -> bool:
        """Does it drive?"""
        return self.problem is None

    def leave(self) -> None:
        """Stop driving; the car stays until the service removes it."""
        self._leaving.set()
        self._client.close()

    def _run(self) -> None:
        pause = BACKOFF_MIN
        while not self._leaving.is_set():
            try:
                for answer in self._client.answers():
                    self._drive(answer)
                    pause = BACKOFF_MIN
            except InputError as error:
                self.problem = f"Not in the race, trying again: {error}."
            except Exception:  # a racer must survive whatever the network brings
                self.problem = "Not in the race, trying again: the connection failed."
                log.exception("racer failed")
            self._leaving.wait(pause)
            pause = min(2.0 * pause, BACKOFF_MAX)

    def _drive(self, answer: ActionAnswer) -> None:
        policy, vector = self._policy(), answer.observation.vector
        if policy is None:
            self.problem = "Waiting for its first policy."
            return
        if vector is None or len(vector) != policy.observations:
            raise InputError(
                f"the race gives {len(vector or ())} numbers, the policy was trained on {policy.observations}"
            )
        self._client.act(policy.act(np.asarray([vector], np.float32))[0])
        self.problem = None
