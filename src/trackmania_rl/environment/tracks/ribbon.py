"""The ribbon of a track, laid piece by piece along its centre-line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.track import NODE_SPACING, Booster, Border, Surface, Track
from trackmania_rl.protocol.errors import InputError

Doubles = NDArray[np.float64]

ROAD_HALF_WIDTH = 12.8
"""From the centre-line to the wall of a road block [m]; measured on the game's tech road, where the
car's centre reaches 11.8 m."""

LENGTH_MAX = 50_000.0
"""Longest centre-line [m]: twice the Nordschleife and some; what is longer is a mistake, or hostile."""
SAMPLE_SPACING = 0.25
"""Distance at which lengths are integrated along a piece, in plan [m]."""
SPACING_MARGIN = 0.999
"""Nodes stand this much closer than NODE_SPACING, so that rounding to float32 never exceeds it."""


class Role(Enum):
    """What a piece is for, beside being driven over."""

    ROAD = "road"
    START = "start"
    CHECKPOINT = "checkpoint"
    FINISH = "finish"
    BOOSTER = "booster"


@dataclass(frozen=True)
class Placement:
    """Where the centre-line begins.

    Attributes:
        x: World position [m].
        y: World position, up [m].
        z: World position [m].
        heading: Driving direction, atan2(x, z); a turn to the left increases it [rad].
    """

    x: float
    y: float
    z: float
    heading: float


@dataclass(frozen=True)
class Piece:
    """A stretch of road: straight or an arc of a circle in plan, with its height and banking.

    Height is the cubic that meets both gradients, banking the cubic with level ends; so a parabola
    and a straight slope are exact and neighbours that agree at the joint join with one tangent. Or a
    loop: once around a vertical circle, ending beside where it began, level and straight at both ends.

    Attributes:
        length: Length of the centre-line in plan [m].
        turn: Change of heading, positive to the left [rad].
        rise: Gain of height [m].
        gradients: Height per plan length at the beginning and at the end.
        banks: Banking at the beginning and at the end, positive with the left edge raised [rad].
        surface: What the wheels roll on.
        border: What stands at both edges.
        role: What it is for.
        factor: Strength of a booster, in multiples of the engine's acceleration.
        aside: How far a loop ends to the left of its beginning [m]; 0 for what is no loop. The circle's
            circumference is `length`.
    """

    length: float
    turn: float = 0.0
    rise: float = 0.0
    gradients: tuple[float, float] = (0.0, 0.0)
    banks: tuple[float, float] = (0.0, 0.0)
    surface: Surface = Surface.ASPHALT
    border: Border = Border.WALL
    role: Role = Role.ROAD
    factor: float = 5.0
    aside: float = 0.0


def after(placement: Placement, piece: Piece) -> Placement:
    """Where the piece that begins at `placement` ends."""
    if piece.aside:
        left = placement.heading + math.pi / 2
        return replace(
            placement,
            x=placement.x + piece.aside * math.sin(left),
            z=placement.z + piece.aside * math.cos(left),
        )
    direction = placement.heading + piece.turn / 2
    chord = piece.length * float(np.sinc(piece.turn / (2 * math.pi)))
    return Placement(
        placement.x + chord * math.sin(direction),
        placement.y + piece.rise,
        placement.z + chord * math.cos(direction),
        placement.heading + piece.turn,
    )


def placements(pieces: Sequence[Piece], begin: Placement) -> list[Placement]:
    """Where each piece begins and, last, where the road ends: one more than there are pieces."""
    result = [begin]
    for piece in pieces:
        result.append(after(result[-1], piece))
    return result


def lay(pieces: Sequence[Piece], begin: Placement, *, id: str, name: str, closed: bool, author: str = "",
        author_time: float | None = None) -> Track:  # fmt: skip
    """Lay pieces one behind the other and return the track.

    The spawn point is the centre of the start piece, the finish the near edge of the finish piece
    (the game's clock stops as the car's nose enters it) or, on a circuit, the start after one lap.
    Nodes stand at equal distances of at most NODE_SPACING.

    Args:
        pieces: The road, in driving direction; one of them has the role START.
        begin: Where the first piece begins.
        id: Short name of the track.
        name: Title of the track.
        closed: Whether the last piece joins the first.
        author: Who made it.
        author_time: The author's time [s].

    Raises:
        InputError: The road is longer than LENGTH_MAX.
        ValueError: Two neighbours differ in gradient or banking where they meet.
    """
    _check_joints(pieces, closed)
    if sum(piece.length for piece in pieces) > LENGTH_MAX:
        raise InputError(f"{id}: the road is longer than {LENGTH_MAX:.0f} m, expected a shorter one")
    plan, arc = _integrate(pieces)
    ends = np.cumsum([piece.length for piece in pieces])
    edges = np.interp(np.concatenate([[0.0], ends]), plan, arc)

    count = math.ceil(arc[-1] / (NODE_SPACING * SPACING_MARGIN))
    stations = np.linspace(0.0, arc[-1], count + 1)[: None if not closed else -1]
    along = np.interp(stations, arc, plan)
    index = np.minimum(np.searchsorted(ends, along, side="right"), len(pieces) - 1)
    share = (along - (ends - [piece.length for piece in pieces])[index]) / _each(pieces, "length")[index]
    position, tangent, left, up = _frames(pieces, begin, index, share)

    chords = np.linalg.norm(np.diff(position, axis=0, append=position[:1]), axis=1)
    measured = np.concatenate([[0.0], np.cumsum(chords)])[: len(stations) + closed]
    edges = np.interp(edges, np.append(stations, arc[-1]) if closed else stations, measured)
    middles = (edges[:-1] + edges[1:]) / 2

    start = float(middles[_only(pieces, Role.START)])
    finish = start + float(edges[-1]) if closed else float(edges[_only(pieces, Role.FINISH)])
    half_width = np.full(len(stations), ROAD_HALF_WIDTH, np.float32)
    border = _each(pieces, "border")[index].astype(np.uint8)
    return Track(
        id=id,
        name=name,
        closed=closed,
        position=position.astype(np.float32),
        tangent=tangent.astype(np.float32),
        left=left.astype(np.float32),
        up=up.astype(np.float32),
        half_width_left=half_width,
        half_width_right=half_width,
        surface=_each(pieces, "surface")[index].astype(np.uint8),
        border_left=border,
        border_right=border,
        start=start,
        finish=finish,
        checkpoints=tuple(
            float(middle)
            for piece, middle in zip(pieces, middles, strict=True)
            if piece.role is Role.CHECKPOINT
        ),
        boosters=tuple(
            # The pad covers the middle half of its block (guess).
            Booster(float(0.75 * a + 0.25 * b), float(0.25 * a + 0.75 * b), piece.factor)
            for piece, a, b in zip(pieces, edges[:-1], edges[1:], strict=True)
            if piece.role is Role.BOOSTER
        ),
        author=author,
        author_time=author_time,
    )


def _check_joints(pieces: Sequence[Piece], closed: bool) -> None:
    """Refuse neighbours that would meet with a kink."""
    for k, (here, there) in enumerate(pairwise((*pieces, *pieces[: int(closed)]))):
        ends = np.array([here.gradients[1], here.banks[1]])
        begins = np.array([there.gradients[0], there.banks[0]])
        if np.abs(ends - begins).max() > 1e-6:
            raise ValueError(
                f"piece {k} ends with gradient and banking {ends}, the next begins with {begins}"
            )


def _each(pieces: Sequence[Piece], attribute: str) -> Doubles:
    """One attribute of all pieces."""
    return np.array([getattr(piece, attribute) for piece in pieces], dtype=np.float64)


def _only(pieces: Sequence[Piece], role: Role) -> int:
    """Index of the piece with this role."""
    return next(k for k, piece in enumerate(pieces) if piece.role is role)


def _height(share: Doubles, length: Doubles, rise: Doubles, gradients: Doubles) -> tuple[Doubles, Doubles]:
    """Cubic Hermite height over a piece [m] and its gradient, at shares 0..1 of its plan length."""
    g0, g1 = gradients[:, 0], gradients[:, 1]
    a = length * (g0 + g1) - 2 * rise
    b = 3 * rise - length * (2 * g0 + g1)
    height = ((a * share + b) * share + length * g0) * share
    return height, ((3 * a * share + 2 * b) * share) / length + g0


def _integrate(pieces: Sequence[Piece]) -> tuple[Doubles, Doubles]:
    """Distance in plan and true arc length of samples along the centre-line [m]."""
    plan, arc = [np.zeros(1)], [np.zeros(1)]
    for piece in pieces:
        share = np.linspace(0.0, 1.0, math.ceil(piece.length / SAMPLE_SPACING) + 1)
        _, gradient = _height(
            share, np.array(piece.length), np.array(piece.rise), np.array([piece.gradients])
        )
        if piece.aside:
            gradient = piece.aside / piece.length * 6 * share * (1 - share)
        speed = np.hypot(1.0, gradient)
        steps = np.diff(share) * piece.length
        plan.append(plan[-1][-1] + share[1:] * piece.length)
        arc.append(arc[-1][-1] + np.cumsum(steps * (speed[:-1] + speed[1:]) / 2))
    return np.concatenate(plan), np.concatenate(arc)


def _frames(
    pieces: Sequence[Piece], begin: Placement, index: NDArray[np.intp], share: Doubles
) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Position, tangent, left and up at shares of the pieces `index`, each (n, 3)."""
    origins = np.array([(p.x, p.y, p.z, p.heading) for p in placements(pieces, begin)[:-1]])[index]
    length, turn = _each(pieces, "length")[index], _each(pieces, "turn")[index]
    height, gradient = _height(share, length, _each(pieces, "rise")[index], _each(pieces, "gradients")[index])
    # The chord to a point of an arc points half-way between the headings at its ends.
    chord = length * share * np.sinc(turn * share / (2 * math.pi))
    halfway = origins[:, 3] + turn * share / 2
    position = np.stack(
        [
            origins[:, 0] + chord * np.sin(halfway),
            origins[:, 1] + height,
            origins[:, 2] + chord * np.cos(halfway),
        ],
        axis=1,
    )
    heading = origins[:, 3] + turn * share
    tangent = np.stack([np.sin(heading), gradient, np.cos(heading)], axis=1)
    tangent /= np.hypot(1.0, gradient)[:, None]
    level = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=1)
    banks = _each(pieces, "banks")[index]
    bank = banks[:, 0] + (banks[:, 1] - banks[:, 0]) * share**2 * (3 - 2 * share)
    left, up = banked(tangent, level, bank)
    for k, piece in enumerate(pieces):
        if piece.aside:
            on = index == k
            position[on], tangent[on], left[on], up[on] = _loop(piece, origins[on], share[on])
    return position, tangent, left, up


def _loop(piece: Piece, origins: Doubles, share: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Position, tangent, left and up on a loop, at shares of its circle, each (n, 3).

    The circle stands upright in the driving direction; meanwhile the road moves aside along a cubic.
    """
    radius, angle = piece.length / (2 * math.pi), 2 * math.pi * share[:, None]
    heading = origins[:, 3]
    ahead = np.stack([np.sin(heading), np.zeros_like(heading), np.cos(heading)], axis=1)
    level = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=1)
    upright = np.array([0.0, 1.0, 0.0])
    shift = (piece.aside * share**2 * (3 - 2 * share))[:, None]
    circle = radius * (np.sin(angle) * ahead + (1 - np.cos(angle)) * upright)
    around = np.cos(angle) * ahead + np.sin(angle) * upright
    tangent = around + (piece.aside / piece.length * 6 * share * (1 - share))[:, None] * level
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    up = np.cos(angle) * upright - np.sin(angle) * ahead
    return origins[:, :3] + circle + shift * level, tangent, np.cross(up, tangent), up


def banked(tangent: Doubles, level: Doubles, bank: Doubles) -> tuple[Doubles, Doubles]:
    """Left and up of a road with this banking.

    Args:
        tangent: Driving direction, (n, 3).
        level: Horizontal unit vector to the left, (n, 3).
        bank: Turn about the tangent, positive with the left edge raised [rad], (n,).
    """
    normal = np.cross(tangent, level)
    cos, sin = np.cos(bank)[:, None], np.sin(bank)[:, None]
    return cos * level + sin * normal, cos * normal - sin * level
