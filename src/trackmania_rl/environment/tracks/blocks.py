"""Our block language: a track as a short text, one block a line, on the game's grid of 32 x 8 x 32 m.

    name    Two Turns
    place   20 9 20 north

    start
    straight 3
    right 2
    slope up
    straight 2
    slope flat
    finish

`docs/tracks.md` has all words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.ribbon import LENGTH_MAX, Piece, Placement, Role, lay, placements
from trackmania_rl.environment.tracks.track import NODE_SPACING, Border, Surface, Track
from trackmania_rl.protocol.errors import InputError

CELL = 32.0
"""Side of a cell of the grid [m]."""
STOREY = 8.0
"""Height of a cell of the grid [m]."""
GROUND = -62.0
"""Height of the road in the lowest storey [m], as in the game's Stadium."""

SLOPE = STOREY / CELL
"""Gradient of a straight slope."""
STEEPEST = 0.5
"""Steepest gradient of a curve that rises: half-way, where it is 1.5 times the mean."""
BANK_MAX = 45
"""Steepest banking of the language [degrees]."""

HEADINGS = {"north": 0.0, "east": -math.pi / 2, "south": math.pi, "west": math.pi / 2}
"""Compass of the game: north is +z and east, to the right of it, -x [rad]."""

CLEARANCE = 6.0
"""Least height between two roads that cross [m]."""


def cell_centre(x: int, y: int, z: int) -> tuple[float, float, float]:
    """World position of the middle of the road in a cell [m]."""
    return CELL * x + CELL / 2, STOREY * y + GROUND, CELL * z + CELL / 2


def curve(size: int, side: int, rise: float = 0.0) -> Piece:
    """A quarter circle through size x size cells, from the middle of an edge to the middle of an edge.

    Args:
        size: Cells on a side; the centre-line's radius is 32 size - 16 m.
        side: 1 to the left, -1 to the right.
        rise: Gain of height, level at both ends [m].
    """
    return Piece(length=(CELL * size - CELL / 2) * math.pi / 2, turn=side * math.pi / 2, rise=rise)


def chicane(cells: int, side: int) -> tuple[Piece, Piece]:
    """Two arcs that shift the road sideways by one cell over a run of some cells.

    The radius follows from run l and shift d: r = (l^2 + d^2) / 4 d.
    """
    run = CELL * cells
    radius = (run**2 + CELL**2) / (4 * CELL)
    angle = 2 * math.atan2(CELL, run)
    arc = Piece(length=radius * angle, turn=side * angle)
    return arc, replace(arc, turn=-arc.turn)


def bend(begin: float, end: float) -> Piece:
    """Two cells of parabola from one gradient to the other: 8 m of height between level and slope."""
    return Piece(length=2 * CELL, rise=CELL * (begin + end), gradients=(begin, end))


def jump(cells: int) -> tuple[Piece, Piece, Piece]:
    """Two cells of ramp, some without road, and two of landing, level at both ends.

    Over the gap the line is the parabola of a car that is just fast enough: it leaves and lands along
    the ramps. At gradient s it flies l metres at v^2 = g l (1 + s^2) / 2 s with the air's gravity g.
    """
    air = Piece(length=CELL * cells, gradients=(SLOPE, -SLOPE), surface=Surface.NONE, border=Border.OPEN)
    return bend(0.0, SLOPE), air, bend(-SLOPE, 0.0)


LOOP_RADIUS = 24.0
"""Of a loop [m]: three storeys (guess; the game's are of this order)."""


def loop(side: int) -> Piece:
    """Once around a vertical circle, ending one cell to the left (1) or right (-1) of its beginning."""
    return Piece(length=2 * math.pi * LOOP_RADIUS, aside=side * CELL)


@dataclass(frozen=True)
class Line:
    """One line of a block file: its number and its words."""

    number: int
    words: tuple[str, ...]
    source: str

    def refuse(self, found: str, expected: str) -> InputError:
        """The error that names this line, the word found and what was expected instead."""
        return InputError(f"{self.source}, line {self.number}: found «{found[:40]}», expected {expected}")

    def integer(self, position: int, what: str, low: int, high: int, default: int | None = None) -> int:
        """The whole number at a position of the line."""
        expected = f"{what}, a whole number from {low} to {high}, after «{self.words[0]}»"
        if position >= len(self.words):
            if default is None:
                raise self.refuse("end of line", expected)
            return default
        word = self.words[position]
        if not re.fullmatch(r"[+-]?\d{1,6}", word) or not low <= int(word) <= high:
            raise self.refuse(word, expected)
        return int(word)

    def choice(self, position: int, choices: Sequence[str]) -> str:
        """The word at a position of the line, one of the choices."""
        word = self.words[position] if position < len(self.words) else "end of line"
        if word not in choices:
            raise self.refuse(word, f"one of {', '.join(choices)} after «{self.words[0]}»")
        return word

    def end(self, position: int) -> None:
        """Refuse words from this position on."""
        if position < len(self.words):
            raise self.refuse(self.words[position], f"nothing more after «{self.words[position - 1]}»")


@dataclass
class Road:
    """The road as it is laid: the pieces so far and what holds for the next one."""

    pieces: list[Piece] = field(default_factory=list)
    gradient: float = 0.0
    bank: float = 0.0
    surface: Surface = Surface.ASPHALT
    border: Border = Border.WALL

    def add(self, *pieces: Piece) -> None:
        """Lay pieces with the banking, surface and border that hold."""
        for piece in pieces:
            lies = replace(piece, banks=(self.bank, self.bank))
            if piece.surface is not Surface.NONE:
                lies = replace(lies, surface=self.surface, border=self.border)
            self.pieces.append(lies)

    def cell(self, role: Role = Role.ROAD) -> None:
        """Lay a cell of straight road along the slope that holds."""
        rise = self.gradient * CELL
        self.add(Piece(length=CELL, rise=rise, gradients=(self.gradient, self.gradient), role=role))

    def expect_level(self, line: Line) -> None:
        """Refuse a block that only lies on level road."""
        if self.gradient:
            raise line.refuse(line.words[0], "«slope flat» before it: it lies on level road only")

    def expect_upright(self, line: Line) -> None:
        """Refuse a block that only lies on level road without banking."""
        self.expect_level(line)
        if self.bank:
            raise line.refuse(line.words[0], "«bank flat» before it: it does not lie on a banked road")


def _role(road: Road, line: Line) -> None:
    role = Role(line.words[0])
    line.end(1)
    if role in (Role.START, Role.FINISH):
        road.expect_level(line)
        if any(piece.role is role for piece in road.pieces):
            raise line.refuse(role.value, f"only one «{role.value}» in a track")
    road.cell(role)


def _straight(road: Road, line: Line) -> None:
    cells = line.integer(1, "its cells", 1, 100, default=1)
    line.end(2)
    for _ in range(cells):
        road.cell()


def _turn(road: Road, line: Line) -> None:
    road.expect_level(line)
    size = line.integer(1, "its size", 1, 4)
    rise = 0.0
    if len(line.words) > 2:
        direction = {"rise": 1, "fall": -1}[line.choice(2, ("rise", "fall"))]
        storeys = int(curve(size, 1).length * STEEPEST / 1.5 / STOREY)
        rise = STOREY * direction * line.integer(3, "its storeys of 8 m", 1, min(storeys, 3))
    line.end(4)
    road.add(curve(size, 1 if line.words[0] == "left" else -1, rise))


def _chicane(road: Road, line: Line) -> None:
    road.expect_level(line)
    side = 1 if line.choice(1, ("left", "right")) == "left" else -1
    cells = line.integer(2, "its cells", 2, 6, default=3)
    line.end(3)
    road.add(*chicane(cells, side))


def _jump(road: Road, line: Line) -> None:
    road.expect_upright(line)
    cells = line.integer(1, "its cells without road", 1, 4)
    line.end(2)
    road.add(*jump(cells))


def _loop(road: Road, line: Line) -> None:
    road.expect_upright(line)
    side = 1 if line.choice(1, ("left", "right")) == "left" else -1
    line.end(2)
    road.add(loop(side))


def _slope(road: Road, line: Line) -> None:
    gradient = {"up": SLOPE, "down": -SLOPE, "flat": 0.0}[line.choice(1, ("up", "down", "flat"))]
    line.end(2)
    if gradient and road.gradient:
        raise line.refuse(line.words[1], "«slope flat» before another slope")
    if gradient == road.gradient:
        raise line.refuse(line.words[1], "a change: the road is level already")
    road.add(bend(road.gradient, gradient))
    road.gradient = gradient


def _bank(road: Road, line: Line) -> None:
    side = {"left": -1, "right": 1, "flat": 0}[line.choice(1, ("left", "right", "flat"))]
    degrees = line.integer(2, "its angle in degrees", 1, BANK_MAX) if side else 0
    line.end(3 if side else 2)
    bank = side * math.radians(degrees)
    road.cell()
    road.pieces[-1] = replace(road.pieces[-1], banks=(road.bank, bank))
    road.bank = bank


def _surface(road: Road, line: Line) -> None:
    road.surface = Surface[
        line.choice(1, [surface.name.lower() for surface in Surface if surface is not Surface.NONE]).upper()
    ]
    line.end(2)


def _border(road: Road, line: Line) -> None:
    road.border = Border[line.choice(1, [border.name.lower() for border in Border]).upper()]
    line.end(2)


BLOCKS: dict[str, Callable[[Road, Line], None]] = {
    "start": _role,
    "checkpoint": _role,
    "booster": _role,
    "finish": _role,
    "straight": _straight,
    "left": _turn,
    "right": _turn,
    "chicane": _chicane,
    "jump": _jump,
    "loop": _loop,
    "slope": _slope,
    "bank": _bank,
    "surface": _surface,
    "border": _border,
}
"""The words that lay road, or say how the road after them is."""
HEADERS = ("name", "author", "place")
"""The words about the track as a whole."""


def read(text: str, *, id: str, source: str | None = None) -> Track:
    """The track that a text of the block language describes.

    Args:
        text: The file's text.
        id: Id of the track.
        source: Name of the file, for errors.

    Raises:
        InputError: Naming the line, the word found and what was expected; or the gap of a circuit that
            does not close; or where the road runs into itself.
    """
    source = source or id
    headers: dict[str, str] = {}
    begin = _place(Line(0, ("place", "20", "9", "20", "north"), source))
    road = Road()
    for number, raw in enumerate(text.splitlines(), start=1):
        words = tuple(raw.split("#", 1)[0].split())
        if not words:
            continue
        line = Line(number, words, source)
        if words[0] == "place":
            begin = _place(line)
        elif words[0] in HEADERS:
            headers[words[0]] = " ".join(words[1:])
        elif words[0] in BLOCKS:
            if not road.pieces and words[0] not in ("start", "surface", "border"):
                raise line.refuse(words[0], "«start» as the first block")
            BLOCKS[words[0]](road, line)
            if len(road.pieces) * CELL / 2 > LENGTH_MAX:  # the shortest piece is longer than half a cell
                raise line.refuse(f"{len(road.pieces)} cells", f"a road of at most {LENGTH_MAX:.0f} m")
        else:
            raise line.refuse(words[0], f"one of {', '.join((*HEADERS, *BLOCKS))}")
    if not road.pieces:
        raise InputError(f"{source}: no blocks found, expected «start» and the road behind it")
    closed = all(piece.role is not Role.FINISH for piece in road.pieces)
    if closed:
        _check_closed(road, begin, source)
    track = lay(
        road.pieces, begin, id=id, name=headers.get("name", id), closed=closed,
        author=headers.get("author", ""),
    )  # fmt: skip
    _check_apart(track, source)
    return track


def _place(line: Line) -> Placement:
    """Where the first block begins: the near edge of the named cell."""
    x, y, z = (line.integer(k, f"cell {axis}", 0, 255) for k, axis in ((1, "x"), (2, "y"), (3, "z")))
    heading = HEADINGS[line.choice(4, tuple(HEADINGS))]
    line.end(5)
    cx, cy, cz = cell_centre(x, y, z)
    return Placement(cx - CELL / 2 * math.sin(heading), cy, cz - CELL / 2 * math.cos(heading), heading)


def _check_closed(road: Road, begin: Placement, source: str) -> None:
    """Refuse a circuit whose last piece does not join its first, naming the gap."""
    end = placements(road.pieces, begin)[-1]
    gaps = []
    ahead = (begin.x - end.x) * math.sin(end.heading) + (begin.z - end.z) * math.cos(end.heading)
    aside = (begin.x - end.x) * math.cos(end.heading) - (begin.z - end.z) * math.sin(end.heading)
    for distance, positive, negative in (
        (ahead, "ahead", "behind"),
        (aside, "to the left", "to the right"),
        (begin.y - end.y, "up", "down"),
    ):
        if abs(distance) > 1e-6:
            gaps.append(f"{abs(distance):.1f} m {positive if distance > 0 else negative}")
    turn = math.degrees(math.remainder(begin.heading - end.heading, math.tau))
    if abs(turn) > 1e-6:
        gaps.append(f"a turn of {abs(turn):.0f} degrees to the {'left' if turn > 0 else 'right'}")
    if abs(road.gradient) > 0:
        gaps.append("«slope flat»")
    if abs(road.bank) > 0:
        gaps.append("«bank flat»")
    if gaps:
        raise InputError(
            f"{source}: the circuit does not close; from the end of the last block to the start it lacks "
            f"{', '.join(gaps)}. Add blocks that close it, or «finish» for a road from start to finish"
        )


def _check_apart(track: Track, source: str) -> None:
    """Refuse a road that runs into itself, naming the place."""
    meeting = collision(track)
    if meeting is not None:
        first, second = meeting
        x, y, z = track.position[first]
        raise InputError(
            f"{source}: the road runs into itself at ({x:.0f}, {y:.0f}, {z:.0f}), {track.arc[first]:.0f} m "
            f"and {track.arc[second]:.0f} m from its beginning; expected at least {CLEARANCE:.0f} m of "
            f"height between"
        )


def collision(track: Track) -> tuple[int, int] | None:
    """Two nodes where the road overlaps itself at the same height, or None.

    Nodes closer than 64 m along the road are neighbours in one bend and do not count.
    """
    nodes = np.arange(len(track.position))
    for k in _suspects(track):
        hits = np.flatnonzero(_overlap(track, k, nodes, 0.0) & (nodes > k))
        if len(hits):
            return int(k), int(hits[0])
    return None


def _suspects(track: Track) -> NDArray[np.intp]:
    """Nodes that a later one may overlap, found with every eighth node and a margin for the others."""
    few = np.arange(0, len(track.position), 8)
    parts = np.split(few, range(256, len(few), 256))
    found = [part[_overlap(track, part[:, None], few, 16 * NODE_SPACING).any(axis=1)] for part in parts]
    near = np.add.outer(np.concatenate(found), np.arange(8)).ravel()
    return near[near < len(track.position)]


def _overlap(track: Track, k: NDArray[np.intp], others: NDArray[np.intp], margin: float) -> NDArray[np.bool_]:
    """Whether the roads at pairs of nodes overlap at one height, or come nearer to that than a margin [m]."""
    along = np.abs(track.arc[others] - track.arc[k])
    if track.closed:
        along = np.minimum(along, track.centreline_length - along)
    x, y, z = (track.position[others, axis] - track.position[k, axis] for axis in range(3))
    width = track.half_width_left + track.half_width_right
    reach = (width[others] + width[k]) / 2 - 1e-3 + margin
    return np.asarray(
        (x * x + z * z < reach * reach) & (np.abs(y) < CLEARANCE + margin) & (along > 2 * CELL - margin)
    )
