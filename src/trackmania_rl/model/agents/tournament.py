"""Races of policies against one another, with contact, and the rating that follows from who beat whom.

Ratings are those of openskill's Plackett-Luce model (Weng & Lin 2011, "A Bayesian Approximation Method for
Online Ranking", JMLR 12), which takes races of many where Elo takes duels. It begins at 25 ± 8.33.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trackmania_rl.model.runs.checkpoint import Checkpoint, senses
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.protocol.environments import make_race
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Rating

CARS_MAX = 64
"""Most cars of a race, as the simulator has it."""
RACES_MAX = 1_000
STEPS_MAX = 20_000
"""Longest race waited for [steps]."""


@dataclass(frozen=True)
class Outcome:
    """How a car's race ended: its time if it finished [s], and its share of the track, 0..1."""

    lap_time: float | None
    completion: float


@dataclass(frozen=True)
class Standing:
    """A policy in the table. `rating` is the estimate, `uncertainty` its standard deviation."""

    name: str
    rating: float = 25.0
    uncertainty: float = 25.0 / 3.0
    races: int = 0
    wins: int = 0
    finishes: int = 0
    lap_times: list[float] = field(default_factory=list)

    @property
    def proven(self) -> float:
        """Rating that it very probably has at least, three deviations below: what the table is sorted by."""
        return self.rating - 3.0 * self.uncertainty

    def message(self) -> Rating:
        """As it is told over the wire."""
        laps = self.lap_times
        return Rating(
            name=self.name,
            rating=self.rating,
            uncertainty=self.uncertainty,
            proven=self.proven,
            races=self.races,
            wins=self.wins,
            finishes=self.finishes,
            lap_time_best=min(laps, default=None),
            lap_time_median=float(np.median(laps)) if laps else None,
        )


@dataclass(frozen=True)
class Competitor:
    """Who races: a policy, and what it observes."""

    env: str
    senses: dict[str, Any]
    policy: Policy

    @property
    def observes(self) -> tuple[str, dict[str, Any]]:
        """What all must have in common: the environment, and options that shape its observation."""
        return self.env, self.senses


def competitor(saved: Checkpoint) -> Competitor:
    """The policy of a checkpoint."""
    return Competitor(saved.env, senses(saved.env_options), saved.policy())


def entries(named: Mapping[str, Competitor]) -> tuple[str, dict[str, Any], dict[str, Policy]]:
    """Environment, options and policies of those that are to race one another.

    Raises:
        InputError: They are fewer than two, too many, or do not observe the same.
    """
    if not 2 <= len(named) <= CARS_MAX:
        raise InputError(
            f"policies: {len(named)}, expected 2 to {CARS_MAX}: name another, e.g. champion; "
            "a longer training keeps more ages",
            field="checkpoints",
        )
    (name, first), *others = named.items()
    for other, one in others:
        if one.observes != first.observes:
            raise InputError(
                f"{other} observes {one.env} {one.senses or ''}, {name} {first.env} {first.senses or ''}: "
                "a race needs policies that observe the same",
                field="checkpoints",
            )
    return first.env, first.senses, {name: one.policy for name, one in named.items()}


def hold(
    env: str,
    policies: Mapping[str, Policy],
    *,
    track: str,
    races: int,
    contact: bool = True,
    seed: int = 0,
    on_race: Callable[[list[Standing]], None] = lambda _: None,
    **options: Any,
) -> list[Standing]:
    """Race all policies against one another, `races` times, from another place on the grid each time.

    Args:
        env: Environment that all of them observe.
        policies: By name; without noise.
        track: Where.
        races: How often, at most 1,000.
        contact: Whether cars hit and see one another.
        seed: Of the places on the grid.
        on_race: Called with the table after each race.
        options: Of the environment.

    Returns:
        The table, the best first.

    Raises:
        InputError: There is no such environment or track, or it cannot race.
    """
    if not 1 <= races <= RACES_MAX:
        raise InputError(f"races is {races}, expected 1 to {RACES_MAX}", field="races")
    place = make_race(env, len(policies), track=track, contact=contact, start="line", **options)
    random = np.random.default_rng(seed)
    table = {name: Standing(name) for name in policies}
    try:
        for number in range(races):
            grid = list(random.permutation(list(policies)))
            outcomes = _race(place, [policies[name] for name in grid], seed + number)
            table = rated(table, dict(zip(grid, outcomes, strict=True)))
            on_race(_sorted(table))
    finally:
        place.close()
    return _sorted(table)


def rated(table: Mapping[str, Standing], race: Mapping[str, Outcome]) -> dict[str, Standing]:
    """The table after a race. Who finishes beats who does not; these are ordered by how far they came."""
    from openskill.models import PlackettLuce

    model = PlackettLuce()
    known = [model.rating(table[name].rating, table[name].uncertainty) for name in race]
    merits = [_merit(outcome) for outcome in race.values()]
    ranks = [float(sum(other > mine for other in merits)) for mine in merits]  # equal ones share a place
    new = model.rate([[one] for one in known], ranks=ranks)
    after = dict(table)
    for (name, outcome), (rating,), rank in zip(race.items(), new, ranks, strict=True):
        before, finished = table[name], outcome.lap_time is not None
        after[name] = Standing(
            name,
            rating=rating.mu,
            uncertainty=rating.sigma,
            races=before.races + 1,
            wins=before.wins + (rank == 0.0),
            finishes=before.finishes + finished,
            lap_times=[*before.lap_times, *([outcome.lap_time] if outcome.lap_time is not None else [])],
        )
    return after


def _race(place: Any, grid: Sequence[Policy], seed: int) -> list[Outcome]:
    """One race of a PettingZoo environment; the policies in the order of the start grid."""
    observations, _ = place.reset(seed=seed)
    driver = dict(zip(place.possible_agents, grid, strict=True))
    outcomes = dict.fromkeys(driver, Outcome(None, 0.0))
    for _ in range(STEPS_MAX):
        if not place.agents:
            break
        actions = {agent: driver[agent].act(observations[agent][None])[0] for agent in place.agents}
        observations, _, terminated, truncated, infos = place.step(actions)
        for agent, info in infos.items():
            if terminated[agent] or truncated[agent]:
                time = float(info["lap_time"]) if info["finished"] else None
                outcomes[agent] = Outcome(time, float(info["track_completion"]))
    return list(outcomes.values())


def _merit(outcome: Outcome) -> tuple[bool, float]:
    """Greater is better."""
    finished = outcome.lap_time is not None
    return finished, -outcome.lap_time if outcome.lap_time is not None else outcome.completion


def _sorted(table: Mapping[str, Standing]) -> list[Standing]:
    return sorted(table.values(), key=lambda standing: -standing.proven)
