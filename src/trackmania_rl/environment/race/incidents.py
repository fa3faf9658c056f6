"""Impacts with walls and contacts between cars: which of them are news."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

IMPACT_MIN = 3.0
"""Impacts below this are no news [m/s] (guess)."""
IMPACT_PAUSE = 50
"""Ticks from one impact of a car, or of two cars, to the next that counts as a new one (guess)."""


class Incidents:
    """Tells an impact that begins from one that goes on, or begins again at once.

    Args:
        cars: How many there are.
    """

    def __init__(self, cars: int) -> None:
        self._wall = np.full(cars, -IMPACT_PAUSE)
        self._contact = np.full((cars, cars), -IMPACT_PAUSE)

    def forget(self) -> None:
        """A new heat begins at tick 0."""
        self._wall[:] = self._contact[:] = -IMPACT_PAUSE

    def walls(self, impact: Floats, tick: int) -> list[tuple[int, float]]:
        """Cars that begin to hit a wall at this tick, with the speed [m/s].

        Args:
            impact: Speed at which each car hits a wall, (cars,) [m/s].
            tick: Of the heat.
        """
        hard = np.flatnonzero(impact > IMPACT_MIN)
        news = [(int(car), float(impact[car])) for car in hard if tick - self._wall[car] >= IMPACT_PAUSE]
        self._wall[hard] = tick
        return news

    def contacts(self, bump: Floats, bumped: NDArray[np.integer], tick: int) -> list[tuple[int, int, float]]:
        """Pairs of cars that begin to touch at this tick, with the impulse per mass [m/s].

        Args:
            bump: Impulse per mass of each car's hardest contact, (cars,) [m/s].
            bumped: The car that it was with, (cars,).
            tick: Of the heat.
        """
        news = []
        for car in np.flatnonzero(bump > IMPACT_MIN):
            pair = int(car), int(bumped[car])
            known = max(self._contact[pair], self._contact[pair[::-1]])
            self._contact[pair] = tick
            if tick - known >= IMPACT_PAUSE:
                news.append((*pair, float(bump[car])))
        return news
