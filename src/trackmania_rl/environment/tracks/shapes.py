"""The road in the game's blocks: shapes, in their own frame, by the blocks' names."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trackmania_rl.environment.tracks.blocks import CELL, SLOPE, STOREY, bend, chicane, curve
from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role
from trackmania_rl.environment.tracks.track import Surface

FAMILIES = {
    "RoadTech": Surface.ASPHALT,
    "RoadBump": Surface.ASPHALT,
    "RoadDirt": Surface.DIRT,
    "RoadIce": Surface.ICE,
}
"""Roads that are known, and what they are made of. The shapes of all are taken to be those of RoadTech."""

BOOSTERS = {"SpecialTurbo": 5.0, "SpecialTurboRoulette": 5.0, "SpecialTurbo2": 10.0}
"""Strength of the turbo pads: 5 is measured on the yellow one; the red one's is a guess."""


@dataclass(frozen=True)
class Shape:
    """The road in a block that looks north, in the frame of its cells' corner with least x and z.

    Attributes:
        cells: Cells along x and along z.
        entry: Where the road begins, on an edge of the box.
        pieces: The road from there.
    """

    cells: tuple[int, int]
    entry: Placement
    pieces: tuple[Piece, ...]


def _ahead(cells: int, *pieces: Piece, begin: float = 0.0) -> Shape:
    """A road straight through some cells in a row, from a height in the box [m]."""
    return Shape((1, cells), Placement(CELL / 2, begin, 0.0, 0.0), pieces)


def _curve(size: int) -> Shape:
    """A quarter circle about the box's corner with least x and greatest z.

    Which corner it is was found by chaining the maps of TMRL; each other one leaves gaps.
    """
    middle = CELL * size - CELL / 2
    return Shape((size, size), Placement(middle, 0.0, CELL * size, math.pi), (curve(size, 1),))


def _level(role: Role = Role.ROAD, factor: float = 5.0) -> Shape:
    """A cell of straight, level road."""
    return _ahead(1, Piece(length=CELL, role=role, factor=factor))


def _slope(gradient: float = SLOPE, role: Role = Role.ROAD, factor: float = 5.0) -> Shape:
    """A cell of straight slope; all slopes of the game climb to the north, but those named SlopeDown."""
    rise = CELL * gradient
    piece = Piece(length=CELL, rise=rise, gradients=(gradient, gradient), role=role, factor=factor)
    return _ahead(1, piece, begin=max(0.0, -rise))


def _chicane(cells: int, side: int) -> Shape:
    """A shift by one cell to the left (1) or right (-1), driven north (guess: which way is which)."""
    column = 0 if side == 1 else 1
    return Shape((2, cells), Placement(CELL * (column + 0.5), 0.0, 0.0, 0.0), chicane(cells, side))


def _wave(cells: int, storeys: int) -> Shape:
    """A slope that is level at both ends; its profile between is taken to be a cubic (guess)."""
    return _ahead(cells, Piece(length=CELL * cells, rise=STOREY * storeys))


def _on_slopes(name: str, role: Role, factor: float = 5.0) -> dict[str, Shape]:
    """A gate or pad on level road, and its variants on a slope."""
    return {
        name: _level(role, factor),
        f"{name}SlopeUp": _slope(SLOPE, role, factor),
        f"{name}SlopeDown": _slope(-SLOPE, role, factor),
    }


EFFECTS = (
    "Boost", "Boost2", "NoEngine", "NoSteering", "NoBrake", "SlowMotion", "Fragile", "Reset", "Cruise",
)  # fmt: skip
"""Pads that are taken as road without their effect."""


SHAPES: dict[str, Shape] = {
    "Straight": _level(),
    "Start": _level(Role.START),
    "Finish": _level(Role.FINISH),
    "Multilap": _level(Role.START),
    **_on_slopes("Checkpoint", Role.CHECKPOINT),
    **{f"Curve{size}": _curve(size) for size in (1, 2, 3, 4, 5)},
    "SlopeStraight": _slope(),
    "SlopeStart2x1": _ahead(2, bend(0.0, SLOPE)),
    "SlopeEnd2x1": _ahead(2, bend(SLOPE, 0.0)),
    "SlopeBase": _wave(1, 1),
    "SlopeBase2": _wave(1, 2),
    "SlopeBase2x1": _wave(2, 1),
    "ChicaneX2Left": _chicane(2, 1),
    "ChicaneX2Right": _chicane(2, -1),
    "ChicaneX3Left": _chicane(3, 1),
    "ChicaneX3Right": _chicane(3, -1),
}
for _name, _factor in BOOSTERS.items():
    SHAPES |= _on_slopes(_name, Role.BOOSTER, _factor)
for _name in EFFECTS:
    SHAPES |= _on_slopes(f"Special{_name}", Role.ROAD)


def shape(name: str) -> tuple[Shape, Surface] | None:
    """The road in a block of this name and its surface, or None for one that is not known."""
    for family, surface in FAMILIES.items():
        if name.startswith(family):
            known = SHAPES.get(name.removeprefix(family))
            return None if known is None else (known, surface)
    return None
