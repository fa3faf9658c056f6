"""What contact between cars costs: the same cars with it and as ghosts, side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.protocol.options import Json

SIZES = ((1, 64), (1024, 8))
"""Worlds, and cars in each."""
BUNCH_STEPS = 100
"""Steps from the start grid after which a field is still together, and jostles."""
REPETITIONS = 12
STEPS = 16
"""Steps of a repetition."""


def measure(track: str = "sprint") -> dict[str, Any]:
    """Time steps of 5 ticks on one thread, in car-steps per second of its processor time.

    Two situations: cars all over the track, and the field 5 s after the start, when about three cars in four
    touch another one in each step. Every repetition begins with the same state; figures are medians.

    Args:
        track: Id or path of the track.
    """
    from trackmania_rl.environment.simulator.environment import load_track

    road = load_track(track)
    fields = []
    for worlds, cars in SIZES:
        for together in (False, True):
            one = {
                "contact": _Field(road, worlds, cars, together, contact=True),
                "ghosts": _Field(road, worlds, cars, together, contact=False),
            }
            rates: dict[str, list[float]] = {name: [] for name in one}
            for _ in range(REPETITIONS):
                for name, field in one.items():
                    rates[name].append(field.rate())
            fields.append(
                {
                    "worlds": worlds,
                    "cars_per_world": cars,
                    "together": together,
                    "touching": float((one["contact"].simulator.bump > 0).mean()),
                    **{
                        f"{name}_car_steps_per_core_second": statistics.median(rate)
                        for name, rate in rates.items()
                    },
                }
            )
    return {"track": road.id, "fields": fields}


class _Field:
    """Cars in a situation that can be driven again and again."""

    def __init__(self, road: Any, worlds: int, cars: int, together: bool, *, contact: bool) -> None:
        from trackmania_rl.environment.race.drivers import pursuit
        from trackmania_rl.environment.simulator.simulator import Simulator

        self.simulator = simulator = Simulator(road, worlds, cars_per_world=cars, contact=contact, threads=1)
        if together:
            for _ in range(BUNCH_STEPS):
                simulator.step(pursuit(simulator))
        else:
            random = np.random.default_rng(0)
            arc = road.start + random.uniform(0.0, 0.95, simulator.cars) * road.length
            simulator.spawn(arc=arc, lateral=random.uniform(-8.0, 8.0, simulator.cars), speed=40.0)
        self.action = pursuit(simulator)
        simulator.step(self.action)
        self.snapshot = simulator.full_state()

    def rate(self) -> float:
        """Car-steps per second of processor time."""
        self.simulator.restore(self.snapshot)
        begin = time.thread_time()
        for _ in range(STEPS):
            self.simulator.step(self.action)
        return STEPS * self.simulator.cars / (time.thread_time() - begin)


def command(
    track: Annotated[str, typer.Option(help="Track: an id, or a file.")] = "sprint",
    as_json: Json = False,
) -> None:
    """Measure what contact between cars costs."""
    show(measure(track), tables, as_json)


def headline(result: dict[str, Any]) -> str:
    """The cost for many cars, spread out and together."""
    spread, together = (_slowdown(field) for field in result["fields"][-2:])
    return f"with contact a step takes {spread:.1f} times as long, and {together:.1f} times in a bunch"


def _slowdown(field: dict[str, Any]) -> float:
    """How many times as long a step takes with contact."""
    return float(field["ghosts_car_steps_per_core_second"] / field["contact_car_steps_per_core_second"])


def tables(result: dict[str, Any]) -> Iterator[RenderableType]:
    """Rates with contact and as ghosts."""
    table = Table("worlds", "cars each", "field", "touching", "contact", "ghosts")
    for field in result["fields"]:
        table.add_row(
            str(field["worlds"]),
            str(field["cars_per_world"]),
            "together" if field["together"] else "spread out",
            f"{field['touching']:.0%}",
            *(f"{field[f'{name}_car_steps_per_core_second']:,.0f}" for name in ("contact", "ghosts")),
        )
    yield table
    yield "Car-steps (5 ticks of 10 ms) per second of one core."
