"""The replay buffer: a pre-allocated ring on the learner's device, sampled with n-step returns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from trackmania_rl.model.sac import Batch

COLUMNS = ("rows", "reward", "terminated", "ended")
"""The tensors of the ring."""


class ReplayBuffer:
    """A ring of the last steps of all worlds.

    Row (t, w) is world w's transition at ring place t, packed as observation, action, observation that
    followed (the final one where the episode ended), reward, terminated, ended. One packed row is one
    read from memory; the n-step window adds only its rewards and ends.

    Args:
        capacity: Transitions that it holds, over all worlds; rounded down to whole steps.
        worlds: Transitions that come in at once.
        observations: Length of an observation.
        actions: Length of an action.
        n_step: Rewards summed before the bootstrap.
        gamma: Discount per step.
        seed: Of the sampling.
        device: Where it lies.
    """

    def __init__(
        self,
        capacity: int,
        worlds: int,
        observations: int,
        actions: int,
        *,
        n_step: int,
        gamma: float,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.worlds = worlds
        self.length = max(capacity // worlds, n_step + 1)
        self.widths = [observations, actions, observations]
        self.n_step = n_step
        self.device = torch.device(device)
        self.rows = torch.empty(self.length, worlds, sum(self.widths), device=self.device)
        self.reward = torch.zeros(self.length, worlds, device=self.device)
        self.terminated = torch.zeros(self.length, worlds, dtype=torch.bool, device=self.device)
        self.ended = torch.zeros(self.length, worlds, dtype=torch.bool, device=self.device)
        self.head = 0
        """Place that the next step is written to."""
        self.filled = 0
        """Places that hold a step."""
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._window = torch.arange(n_step, device=self.device)
        self._powers = gamma ** torch.arange(n_step + 1, dtype=torch.float32, device=self.device)

    def __len__(self) -> int:
        return self.filled * self.worlds

    def add(
        self,
        observation: Tensor,
        action: Tensor,
        reward: Tensor,
        next_observation: Tensor,
        terminated: Tensor,
        truncated: Tensor,
    ) -> None:
        """Take in one step of all worlds: (w, o), (w, a), (w,), (w, o), (w,), (w,).

        Where an episode ended, `next_observation` is its last one, not the first of the next episode.
        """
        torch.cat([observation, action, next_observation], dim=1, out=self.rows[self.head])
        self.reward[self.head] = reward
        self.terminated[self.head] = terminated
        self.ended[self.head] = terminated | truncated
        self.head = (self.head + 1) % self.length
        self.filled = min(self.filled + 1, self.length)

    def cut(self) -> None:
        """Mark the newest step as the last of its episodes: what comes next does not follow it."""
        if self.filled:
            self.ended[self.head - 1] = True

    def fill(self, rows: Tensor, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in experience of elsewhere before the first step: n rows, episodes one after the other.

        Each world takes a run of neighbours, so that windows stay whole; the last one is filled up from the
        beginning. What is more than the ring can hold is left out, the first of it.
        """
        given = {"rows": rows, "reward": reward, "terminated": terminated, "ended": ended}
        steps = min(-(-len(reward) // self.worlds), self.length)
        first = max(len(reward) - steps * self.worlds, 0)
        source = first + torch.arange(steps * self.worlds).view(self.worlds, steps).T % (len(reward) - first)
        for name, column in given.items():
            getattr(self, name)[:steps] = column[source].to(self.device)
        self.filled, self.head = steps, steps % self.length
        self.cut()

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """Draw transitions uniformly, normalised to (observation - mean) / scale, in O(batch * n).

        A window of n steps ends early at an episode's end and at the newest step; it then bootstraps
        from the state reached there, unless the episode terminated:

            R = sum_{k < m} gamma^k r_{t+k},   discount = gamma^m (1 - terminated),   m <= n
        """
        age = torch.randint(self.filled, (batch,), generator=self.generator, device=self.device)
        world = torch.randint(self.worlds, (batch,), generator=self.generator, device=self.device)
        oldest = self.head - self.filled
        offset = (age[:, None] + self._window).clamp_(max=self.filled - 1)
        window = ((oldest + offset) % self.length) * self.worlds + world[:, None]  # (B, n) flat rows

        stops = self.ended.view(-1)[window]
        stops[:, -1] = True
        stops |= (age[:, None] + self._window) >= self.filled - 1
        last = stops.int().argmax(dim=1)  # first place where the window stops
        inside = self._window <= last[:, None]
        reward = (self.reward.view(-1)[window] * inside * self._powers[:-1]).sum(dim=1)

        end = window.gather(1, last[:, None]).squeeze(1)
        rows = self.rows.view(-1, self.rows.shape[-1])
        first = rows.index_select(0, window[:, 0])
        observation, action, next_observation = torch.split(first, self.widths, dim=1)
        if self.n_step > 1:
            next_observation = rows.index_select(0, end)[:, -self.widths[-1] :]
        alive = ~self.terminated.view(-1)[end]
        return Batch(
            observation=(observation - mean) / scale,
            action=action.contiguous(),
            reward=reward,
            next_observation=(next_observation - mean) / scale,
            discount=self._powers[last + 1] * alive,
        )

    def state_dict(self) -> dict[str, Any]:
        """The filled part of the ring, where its head is, and the sampling's generator."""
        saved: dict[str, Any] = {"head": self.head, "generator": self.generator.get_state()}
        for name in COLUMNS:
            column = getattr(self, name)
            # A slice would be saved with all the memory behind it.
            saved[name] = column if self.filled == self.length else column[: self.filled].clone()
        return saved

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: The rows are of another number of worlds, other spaces or another capacity.
        """
        steps, *shape = saved["rows"].shape
        wrapped = saved["head"] != steps
        if shape != list(self.rows.shape[1:]) or steps > self.length or (wrapped and steps < self.length):
            raise ValueError(
                f"the saved buffer has {steps} steps of shape {tuple(shape)}, "
                f"the settings ask for {self.length} of {tuple(self.rows.shape[1:])}"
            )
        self.filled, self.head = steps, saved["head"] % self.length
        for name in COLUMNS:
            getattr(self, name)[:steps] = saved[name]
        self.generator.set_state(saved["generator"].cpu())
