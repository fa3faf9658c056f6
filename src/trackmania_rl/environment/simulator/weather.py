"""Weather as it changes over a race: what the tyres, the air and the LIDAR make of it.

A forecast is a pure function of time, so that a recorded race is driven again in the weather of its day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Weather

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.simulator import Simulator

Floats = NDArray[np.float32]

PRESETS = {
    "dry": Weather(),
    "wind": Weather(wind_x=12.0, wind_z=5.0),
    "fog": Weather(fog=0.75),
    "rain": Weather(rain=0.6, fog=0.15, wind_x=3.0),
    "storm": Weather(rain=1.0, fog=0.35, wind_x=14.0, wind_z=-8.0),
    "night": Weather(night=1.0),
    "rainy-night": Weather(rain=0.6, fog=0.2, night=1.0, wind_x=3.0),
}
"""Weathers by name; all their numbers are chosen, none is measured."""
COLUMNS = Weather.__struct_fields__
RAIN, WETNESS, FOG = (COLUMNS.index(name) for name in ("rain", "wetness", "fog"))
WIND = slice(COLUMNS.index("wind_x"), COLUMNS.index("wind_z") + 1)

BLEND = 5.0
"""A change of rain, fog, light and wind takes so long [s] (guess)."""
SOAK_TIME, DRY_TIME = 10.0, 45.0
"""Time constants of a road that gets wet and that dries [s] (guess: quick, since heats are short)."""
WET_GRIP = np.array([0.75, 0.85, 0.7, 0.9, 0.65, 1.0], np.float32)
"""Grip on a soaked surface, of the dry one: asphalt, dirt, grass, ice, plastic, none. Asphalt as tyres of the
road lose on standing water (0.5 to 0.8 of dry in the literature); the others are guesses."""
VISIBILITY, VISIBILITY_DENSE = 1000.0, 0.03
"""One sees so far in clear air [m], and that share of it in the densest fog."""
RAIN_RANGE = 0.7
"""Share of the LIDAR's range that is left in a downpour (guess)."""
RAIN_NOISE = 0.02
"""Standard deviation of a distance in a downpour, of the distance (guess)."""
RAIN_DROPOUTS = 0.05
"""Share of beams without an echo in a downpour (guess)."""


@dataclass(frozen=True)
class Forecast:
    """Weather over time: the first entry holds from the start, each other one from its time on.

    Attributes:
        text: As a person writes it, e.g. "dry, rain@30, dry@90".
        begin: Times at which each entry begins [s], ascending from 0, (entries,).
        entries: Rows of the columns of Weather, (entries, 6).
    """

    text: str
    begin: NDArray[np.float64]
    entries: NDArray[np.float64]

    def at(self, time: NDArray[np.float64] | float) -> Floats:
        """The weather at some times [s], (n, 6) in the columns of Weather."""
        times = np.atleast_1d(np.asarray(time, np.float64))
        weather = np.repeat(self.entries[:1], len(times), axis=0)
        # The first entry has held for long: its road is as wet as it gets.
        wet = np.full(len(times), _soaked(self.entries[0, RAIN]))
        ends = [*self.begin[1:], np.inf]
        for begin, end, entry in zip(self.begin, ends, self.entries, strict=True):
            since = np.clip(np.minimum(times, end) - begin, 0.0, None)
            weather += np.clip(since / BLEND, 0.0, 1.0)[:, None] * (entry - weather)
            target = _soaked(entry[RAIN])
            wet = target + (wet - target) * np.exp(-since / np.where(target > wet, SOAK_TIME, DRY_TIME))
        weather[:, WETNESS] = wet
        return weather.astype(np.float32)

    def weather(self, time: float) -> Weather:
        """The weather at one time [s], as a message."""
        return Weather(*(round(float(value), 3) for value in self.at(time)[0]))


def forecast(text: str) -> Forecast:
    """Read a forecast, "NAME" or "NAME, NAME@SECONDS, ..." with the names of PRESETS.

    Raises:
        InputError: An unknown name, or times that do not ascend.
    """
    begin: list[float] = []
    names: list[str] = []
    for number, part in enumerate(text.split(",")):
        match = re.fullmatch(r"\s*([a-z-]+)\s*(?:@\s*(\d+(?:\.\d+)?)\s*s?)?\s*", part)
        if match is None or match[1] not in PRESETS:
            raise InputError(
                f"weather {part.strip()!r}, expected one of {', '.join(PRESETS)}, the later ones "
                'of a list with their times: "dry, rain@30, dry@90"',
                field="weather",
            )
        time = float(match[2] or 0.0)
        if (number > 0) != (match[2] is not None) or (begin and time <= begin[-1]):
            raise InputError(
                f"weather {part.strip()!r} in {text!r}, expected the first without a time and the "
                'others with ascending ones: "dry, rain@30, dry@90"',
                field="weather",
            )
        begin.append(time)
        names.append(match[1])
    entries = np.array([[getattr(PRESETS[name], column) for column in COLUMNS] for name in names])
    return Forecast(text, np.array(begin), entries)


def grip(wetness: Floats, surface: NDArray[np.intp]) -> Floats:
    """Share of the dry grip that cars have left on their surfaces, (n,)."""
    return np.asarray(1.0 - wetness * (1.0 - WET_GRIP[surface]), np.float32)


def feel(simulator: Simulator, weather: Floats, tyres: Floats | float = 1.0) -> None:
    """Let the tyres of a simulator's cars and the air around them be as the weather is, (cars or 1, 6).

    Args:
        simulator: Whose cars.
        weather: In the columns of Weather.
        tyres: Grip that the cars have in the dry, as a multiple, (cars,).
    """
    slippery = grip(weather[:, WETNESS], simulator.surface) * np.float32(tyres)
    simulator.condition(grip=slippery, wind=weather[:, WIND])


def visibility(fog: Floats) -> Floats:
    """How far one sees [m], (n,)."""
    return np.asarray(VISIBILITY * VISIBILITY_DENSE**fog, np.float32)


def blurred(scan: Floats, weather: Floats, lidar_range: float, random: np.random.Generator) -> Floats:
    """LIDAR distances as they come through the weather, (n, beams) [m].

    Fog and rain shorten the range, rain makes echoes noisy and swallows some; a beam without an echo says
    `lidar_range`, as one that meets nothing.

    Args:
        scan: Distances in clear air, (n, beams) [m].
        weather: Of each car, (n, 6).
        lidar_range: Longest distance that the LIDAR measures [m].
        random: Where noise and drop-outs come from.
    """
    rain = weather[:, RAIN, None]
    reach = np.minimum(lidar_range * (1.0 - (1.0 - RAIN_RANGE) * rain), visibility(weather[:, FOG, None]))
    noise = random.standard_normal(scan.shape, np.float32) * (RAIN_NOISE * rain)
    lost = random.random(scan.shape, np.float32) < RAIN_DROPOUTS * rain
    echo = np.maximum(scan * (1.0 + noise), 0.0)
    return np.asarray(
        np.where((scan >= reach) | lost, lidar_range, np.minimum(echo, lidar_range)), np.float32
    )


def _soaked(rain: float) -> float:
    """How wet the road gets in a rain that does not end: a little rain wets it well (guess)."""
    return float(np.sqrt(rain))
