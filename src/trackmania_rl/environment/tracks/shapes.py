"""The road in the game's blocks: shapes, in their own frame, by the blocks' names."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from trackmania_rl.environment.tracks.blocks import CELL, SLOPE, STOREY, bend, chicane, curve
from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role
from trackmania_rl.environment.tracks.track import Surface

FAMILIES = {
    "RoadTech": Surface.ASPHALT,
    "RoadBump": Surface.ASPHALT,
    "RoadDirt": Surface.DIRT,
    "RoadIce": Surface.ICE,
    "RoadWater": Surface.PLASTIC,
}
"""Roads that are known, and what they are made of. The shapes of all are taken to be those of RoadTech;
water is taken to be as smooth as plastic (guess)."""

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


Shapes = tuple[Shape, ...]

TILT = math.atan2(STOREY, CELL)
"""Banking of the game's tilted roads: one edge of the cell is a storey higher than the other [rad]."""


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


def _raised(shape: Shape, height: float) -> Shape:
    """The shape with its road higher in the box [m]."""
    return replace(shape, entry=replace(shape.entry, y=shape.entry.y + height))


def _leaning(shape: Shape, begin: float, end: float) -> Shape:
    """The shape with its road banked from one angle to another; half-way up where it leans.

    A tilted road has one edge on the floor of its box and the other a storey higher.
    """
    count = len(shape.pieces)
    angles = [begin + (end - begin) * k / count for k in range(count + 1)]
    pieces = tuple(replace(piece, banks=(angles[k], angles[k + 1])) for k, piece in enumerate(shape.pieces))
    return replace(shape, pieces=pieces)


def _tilted(shape: Shape) -> Shapes:
    """The shape on a tilted road that leans to either side; the neighbours tell to which."""
    return tuple(_raised(_leaning(shape, tilt, tilt), STOREY / 2) for tilt in (TILT, -TILT))


def _tilting(shape: Shape, floor: float) -> Shapes:
    """The shape from a level road, at the floor of the box or a storey higher, to a tilted one.

    Which end is level and to which side the other leans is left to the neighbours (guess: the names'
    Up and Down tell whether the level end is at the floor or above it).
    """
    rise = STOREY / 2 - floor
    piece = replace(shape.pieces[0], rise=rise)
    up = [replace(shape, pieces=(replace(piece, banks=(0.0, tilt)),)) for tilt in (TILT, -TILT)]
    down = [replace(shape, pieces=(replace(piece, rise=-rise, banks=(tilt, 0.0)),)) for tilt in (TILT, -TILT)]
    return (*(_raised(one, floor) for one in up), *(_raised(one, STOREY / 2) for one in down))


def _switching() -> Shapes:
    """A cell in which a tilted road goes over from one side to the other."""
    return tuple(_raised(_leaning(_level(), tilt, -tilt), STOREY / 2) for tilt in (TILT, -TILT))


def _climbing(shape: Shape, cells: int, gradient: float) -> Shape:
    """A chicane along a slope."""
    first, second = shape.pieces
    rise = gradient * CELL * cells / 2
    middle = rise / first.length
    pieces = (
        replace(first, rise=rise, gradients=(gradient, middle)),
        replace(second, rise=rise, gradients=(middle, gradient)),
    )
    return _raised(replace(shape, pieces=pieces), max(0.0, -2 * rise))


def _crossfall(shape: Shape) -> Shapes:
    """A chicane on a tilted road: it leaves its plane's height by a storey, up or down (guess)."""
    first, second = shape.pieces
    found: list[Shape] = []
    for rise in (STOREY / 2, -STOREY / 2):
        middle = 1.5 * rise / first.length
        pieces = (
            replace(first, rise=rise, gradients=(0.0, middle)),
            replace(second, rise=rise, gradients=(middle, 0.0)),
        )
        found += _tilted(_raised(replace(shape, pieces=pieces), max(0.0, -2 * rise)))
    return tuple(found)


def _bowed(cells: int, gradient: float) -> Shapes:
    """From a slope to the opposite one, in a box of which it may begin at the floor or a storey higher."""
    bow = _ahead(cells, Piece(length=CELL * cells, gradients=(gradient, -gradient)))
    return bow, _raised(bow, STOREY)


def _on_slopes(name: str, role: Role, factor: float = 5.0) -> dict[str, Shapes]:
    """A gate or pad on level road, and its variants on a slope and on a tilted road."""
    level = _level(role, factor)
    return {
        name: (level,),
        f"{name}SlopeUp": (_slope(SLOPE, role, factor),),
        f"{name}SlopeDown": (_slope(-SLOPE, role, factor),),
        f"{name}TiltLeft": _tilted(level),
        f"{name}TiltRight": _tilted(level),
    }


EFFECTS = (
    "Boost", "Boost2", "NoEngine", "NoSteering", "NoBrake", "SlowMotion", "Fragile", "Reset", "Cruise",
)  # fmt: skip
"""Pads that are taken as road without their effect."""


SHAPES: dict[str, Shapes] = {
    "Straight": (_level(),),
    "Start": (_level(Role.START),),
    "Finish": (_level(Role.FINISH),),
    "Multilap": (_level(Role.START),),
    **_on_slopes("Checkpoint", Role.CHECKPOINT),
    **{f"Curve{size}": (_curve(size),) for size in (1, 2, 3, 4, 5)},
    "SlopeStraight": (_slope(),),
    "SlopeStart2x1": (_ahead(2, bend(0.0, SLOPE)),),
    "SlopeEnd2x1": (_ahead(2, bend(SLOPE, 0.0)),),
    "SlopeBase": (_wave(1, 1),),
    "SlopeBase2": (_wave(1, 2),),
    "SlopeBase2x1": (_wave(2, 1),),
    "SlopeUTop": _bowed(1, SLOPE),
    "SlopeUTopX2": _bowed(2, SLOPE),
    "SlopeUBottom": _bowed(1, -SLOPE),
    "SlopeUBottomX2": _bowed(2, -SLOPE),
    "SlopeUBottomInGround": _bowed(1, -SLOPE),
    "SlopeUBottomX2InGround": _bowed(2, -SLOPE),
    "TiltStraight": _tilted(_level()),
    "TiltSwitchLeft": _switching(),
    "TiltSwitchRight": _switching(),
    **{f"TiltCurve{size}": _tilted(_curve(size)) for size in (1, 2, 3, 4)},
}
"""Roads by their names behind the family's. Where it is not known how a road lies in its block, all ways
are here, and the neighbours decide."""
for _side, _sign in (("Left", 1), ("Right", -1)):
    for _cells in (2, 3):
        _plain = _chicane(_cells, _sign)
        SHAPES[f"ChicaneX{_cells}{_side}"] = (_plain,)
        SHAPES[f"ChicaneX{_cells}Slope{_side}"] = tuple(
            _climbing(_plain, _cells, gradient) for gradient in (SLOPE, -SLOPE)
        )
        SHAPES[f"ChicaneX{_cells}Tilt{_side}"] = _crossfall(_plain)
    for _word, _floor in (("Up", 0.0), ("Down", STOREY)):
        for _cells in (1, 2):
            SHAPES[f"TiltTransition{_cells}{_word}{_side}"] = _tilting(_wave(_cells, 0), _floor)
        SHAPES[f"TiltTransition2{_word}{_side}CurveIn"] = _tilting(_curve(2), _floor)
for _name, _factor in BOOSTERS.items():
    SHAPES |= _on_slopes(_name, Role.BOOSTER, _factor)
for _name in EFFECTS:
    SHAPES |= _on_slopes(f"Special{_name}", Role.ROAD)


def shape(name: str) -> tuple[Shapes, Surface] | None:
    """The ways in which the road may lie in a block of this name, and its surface; None if not known."""
    for family, surface in FAMILIES.items():
        if name.startswith(family):
            known = SHAPES.get(name.removeprefix(family))
            return None if known is None else (known, surface)
    return None
