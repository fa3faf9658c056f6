"""Tracks by chance: from a seed to a text of the block language that can always be driven.

The plan is the outline of a tree of rectangles on a lattice whose columns and rows have random widths.
Each rectangle is joined to exactly one other and meets none at a corner alone, so the outline is one
closed line that never comes near itself. A lap follows all of it, a sprint a part. Its corners become
curves and its edges straights, chicanes, slopes, jumps, loops, pads and gates, as the difficulty says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import numpy as np

from trackmania_rl.environment.tracks.blocks import CELL
from trackmania_rl.protocol.errors import InputError

Cell = tuple[int, int]
Item = TypeVar("Item")

PREFIX = "generated:"
"""What the name of a generated track begins with."""
DIFFICULTY = 0.5
"""Unless another is asked for."""
LENGTH = 1500.0
"""Race distance, unless another is asked for [m]."""
LENGTHS = (600.0, 20_000.0)
"""Least and greatest race distance that can be asked for [m]."""
KINDS = ("sprint", "lap")
SEED_MAX = 2**63 - 1

GAP = 3
"""Cells between neighbouring lines of the lattice, at least: two chicanes that lean towards each other
still leave a cell between the roads' middles."""
RUN_UP = 4
"""Straight cells behind the start, at least: 128 m."""
RUN_OUT = 2
"""Straight cells behind the finish, to brake on."""
CHECKPOINT_CELLS = 14
"""Cells from one checkpoint to the next, about."""
ORIGIN = 4
"""Least cell in x and z of the road's corners."""
START_STOREY = 9
"""Storey of the start; the road never goes below it."""

COMPASS: dict[Cell, str] = {(0, 1): "north", (-1, 0): "east", (0, -1): "south", (1, 0): "west"}
"""Names of the headings (x, z)."""
SURFACES = ("asphalt", "plastic", "dirt", "grass", "ice")
EASY_SURFACES = np.array([0.94, 0.06, 0.0, 0.0, 0.0])
HARD_SURFACES = np.array([0.45, 0.15, 0.22, 0.1, 0.08])
BORDERS = ("wall", "grass", "open")
EASY_BORDERS = np.array([0.9, 0.1, 0.0])
HARD_BORDERS = np.array([0.45, 0.2, 0.35])
EASY_CURVES = np.array([0.0, 1.0, 3.0, 3.0]) / 7
"""Shares of curves of size 1 to 4."""
HARD_CURVES = np.array([3.0, 4.0, 2.0, 1.0]) / 10
LONG_SHARE = 0.25
"""Share of the tracks that have long straights."""
LONG_FROM = 1200.0
"""Race distance that has room for them [m]."""
LONG = (8, 13)
"""Cells between the lattice's lines on these."""
STUNT_CELLS = 11
"""Cells of a jump or a loop with the run-up from a turbo pad, which makes it fast enough, and the run-out."""


@dataclass
class Corner:
    """A quarter circle."""

    side: str
    size: int = 1
    bank: int = 0
    climb: str = ""

    @property
    def cells(self) -> float:
        """Length of the curve."""
        return (self.size - 0.5) * math.pi / 2

    def lines(self) -> list[str]:
        """Its block, and the one before it that leans the road."""
        leaning = [f"bank {self.side} {self.bank}"] if self.bank else []
        return [*leaning, f"{self.side} {self.size} {self.climb}".rstrip()]


@dataclass
class Edge:
    """The straight between two corners.

    Attributes:
        begin: Cell of the corner where it begins.
        heading: Direction to the next corner.
        length: Cells from corner to corner.
        entry: Size of the curve that leads to it.
        free: Cells of it that are plain road so far.
        opening: Block that it begins with.
        features: Groups of blocks on it, with nothing between those of a group.
        stunt: Whether a jump or a loop is among them, which want grip and walls.
    """

    begin: Cell
    heading: Cell
    length: int
    entry: int = 1
    free: int = 0
    opening: list[str] = field(default_factory=list)
    features: list[list[str]] = field(default_factory=list)
    stunt: bool = False

    def build(self, cells: int, *lines: str) -> None:
        """Use some free cells for a group of blocks."""
        self.free -= cells
        self.features.append(list(lines))


@dataclass
class Plan:
    """The outline: each edge ends in the corner of its index, and the last corner leads to the end.

    Attributes:
        edges: The straights, the start's first.
        corners: The curves behind them.
        end: Where a sprint finishes; None on a lap, which ends on the first edge.
        finish: Cells from the beginning of `end` to the finish.
    """

    edges: list[Edge]
    corners: list[Corner]
    end: Edge | None = None
    finish: int = 0


def from_name(name: str) -> str:
    """The text of the track that is named generated:SEED[:DIFFICULTY[:LENGTH[:KIND]]].

    Raises:
        InputError: The name has another form, or a value is out of range.
    """
    match = re.fullmatch(
        r"generated:(\d{1,19})(?::(\d?\.?\d{1,3}))?(?::(\d{1,6}(?:\.\d)?))?(?::(\w{1,10}))?", name
    )
    if match is None:
        raise InputError(
            f"no track «{name[:64]}»; expected generated:SEED[:DIFFICULTY[:LENGTH[:KIND]]], such as "
            f"generated:42:0.5:1500:lap",
            status=404,
            field="track",
        )
    seed, difficulty, length, kind = match.groups()
    return generate(
        int(seed), float(difficulty or DIFFICULTY), float(length or LENGTH), kind or KINDS[0], name
    )


def generate(
    seed: int, difficulty: float = DIFFICULTY, length: float = LENGTH, kind: str = KINDS[0],
    name: str | None = None,
) -> str:  # fmt: skip
    """A track in the block language; the same arguments give the same text.

    Args:
        seed: Any whole number from 0 on.
        difficulty: 0 for wide curves on asphalt between walls, 1 for tight ones, chicanes, other
            surfaces, and borders that hold no car.
        length: Race distance [m]; the track's differs by some cells.
        kind: "sprint" from start to finish, or "lap".
        name: Title [default: "Generated SEED"].

    Raises:
        InputError: A value is out of range.
    """
    _check("seed", seed, 0 <= seed <= SEED_MAX, f"a whole number from 0 to {SEED_MAX}")
    _check("difficulty", difficulty, 0.0 <= difficulty <= 1.0, "a number from 0 to 1")
    _check("length", length, LENGTHS[0] <= length <= LENGTHS[1], f"{LENGTHS[0]:g} to {LENGTHS[1]:g} m")
    _check("kind", kind, kind in KINDS, " or ".join(KINDS))
    chance = np.random.default_rng([seed, round(difficulty * 1000), round(length), KINDS.index(kind)])
    plan = _plan(chance, difficulty, length, kind)
    _size_curves(chance, difficulty, plan)
    if kind == "sprint":
        _cut(plan, length)
    _lean(chance, difficulty, plan)
    _climb(chance, difficulty, plan)
    _thrill(chance, difficulty, plan)
    _decorate(chance, difficulty, plan)
    return "\n".join(
        (
            f"# Seed {seed}, difficulty {difficulty:g}, about {length:g} m, {kind}.",
            f"name   {name or f'Generated {seed}'}",
            "author generator",
            *_road(chance, difficulty, plan),
            "",
        )
    )


def _check(field: str, value: object, good: bool, expected: str) -> None:
    """Refuse a value that is out of range."""
    if not good:
        raise InputError(f"{field} is {value}, expected {expected}", field=field)


def _mixed(easy: np.ndarray, hard: np.ndarray, difficulty: float) -> np.ndarray:
    """Shares between those of an easy and those of a hard track."""
    return np.asarray(easy + (hard - easy) * difficulty)


def _plan(chance: np.random.Generator, difficulty: float, length: float, kind: str) -> Plan:
    """The outline of a tree of rectangles, from an edge with room for the start on, with curves of size 1."""
    low, high = round(5 - 2 * difficulty), round(9 - 4 * difficulty)
    if length >= LONG_FROM and chance.random() < LONG_SHARE:
        low, high = LONG
    # A sprint leaves out a part of the outline.
    wanted = length / CELL * (1.0 if kind == "lap" else 1.25)
    tree = _tree(chance, max(1, round(wanted / (low + high)) - 1))
    corners = _outline(tree)
    # A curve of size n is shorter than the corner that it cuts by (2 - pi / 2) (n - 1/2) cells.
    sizes = float(_mixed(EASY_CURVES, HARD_CURVES, difficulty) @ (0.5, 1.5, 2.5, 3.5))
    lattice = _lattice(chance, corners, (low, high), round(wanted + (2 - math.pi / 2) * sizes * len(corners)))
    corners = [(int(lattice[0][x]), int(lattice[1][z])) for x, z in corners]
    if chance.integers(2):
        corners.reverse()
    spans = np.array([_span(a, b) for a, b in _ring(corners)])
    first = int(chance.choice(np.flatnonzero(spans >= RUN_UP + 3)))
    edges = [
        Edge(begin=a, heading=_heading(a, b), length=_span(a, b))
        for a, b in _ring(corners[first:] + corners[:first])
    ]
    return Plan(edges, [Corner(_side(here.heading, there.heading)) for here, there in _ring(edges)])


def _lattice(
    chance: np.random.Generator, corners: Sequence[Cell], widths: tuple[int, int], wanted: int
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the lattice's lines in x and in z [cells], such that the outline is as long as wanted."""
    lines = np.array(corners)
    gaps = [chance.integers(widths[0], widths[1] + 1, size=count) for count in lines.max(axis=0)]
    gaps[0][0] = max(gaps[0][0], RUN_UP + 3)  # so that some edges have room for the start
    # How often the outline runs along each column and each row.
    passes = [np.zeros(len(gap), int) for gap in gaps]
    for a, b in _ring(corners):
        axis = int(a[0] == b[0])
        passes[axis][min(a[axis], b[axis]) : max(a[axis], b[axis])] += 1
    excess = sum(int(gap @ count) for gap, count in zip(gaps, passes, strict=True)) - wanted
    places = [(axis, k) for axis in (0, 1) for k in range(len(gaps[axis])) if (axis, k) != (0, 0)]
    for _ in range(wanted):
        axis, k = places[int(chance.integers(len(places)))]
        step = -int(np.sign(excess))
        if abs(excess + step * passes[axis][k]) < abs(excess) and gaps[axis][k] + step >= GAP:
            gaps[axis][k] += step
            excess += step * int(passes[axis][k])
    x, z = (np.concatenate([[0], np.cumsum(gap)]) for gap in gaps)
    return x, z


def _ring(items: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Each item with the next one, the last with the first."""
    return list(zip(items, [*items[1:], *items[:1]], strict=True))


def _span(a: Cell, b: Cell) -> int:
    """Cells from one corner to the next."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _heading(a: Cell, b: Cell) -> Cell:
    """Direction from one corner to the next."""
    return int(np.sign(b[0] - a[0])), int(np.sign(b[1] - a[1]))


def _side(here: Cell, there: Cell) -> str:
    """Which way the road turns from one heading to another."""
    return "left" if there == (here[1], -here[0]) else "right"


def _tree(chance: np.random.Generator, count: int) -> set[Cell]:
    """Some cells from (0, 0) on, each joined to one other; no two meet at a corner alone."""
    tree = [(0, 0)]
    taken = {(0, 0)}
    steps = list(COMPASS)
    while len(tree) < count:
        x, z = tree[int(chance.integers(len(tree)))]
        dx, dz = steps[int(chance.integers(4))]
        leaf = (x + dx, z + dz)
        around = {(leaf[0] + i, leaf[1] + k) for i in (-1, 0, 1) for k in (-1, 0, 1)} & taken
        if around <= {(x, z), (x + dz, z + dx), (x - dz, z - dx)}:
            tree.append(leaf)
            taken.add(leaf)
    west, south = min(x for x, _ in tree), min(z for _, z in tree)
    return {(x - west, z - south) for x, z in tree}


def _outline(cells: set[Cell]) -> list[Cell]:
    """Corners of the outline of some cells, once around."""
    follow: dict[Cell, Cell] = {}
    for x, z in cells:
        ring = ((x, z), (x + 1, z), (x + 1, z + 1), (x, z + 1))
        for (a, b), (dx, dz) in zip(_ring(ring), ((0, -1), (1, 0), (0, 1), (-1, 0)), strict=True):
            if (x + dx, z + dz) not in cells:
                follow[a] = b
    line = [min(follow)]
    while follow[line[-1]] != line[0]:
        line.append(follow[line[-1]])
    return [b for (a, b), (_, c) in _ring(_ring(line)) if _heading(a, b) != _heading(b, c)]


def _size_curves(chance: np.random.Generator, difficulty: float, plan: Plan) -> None:
    """Curves as wide as the difficulty says and as their edges have room for."""
    sizes = chance.choice(4, size=len(plan.corners), p=_mixed(EASY_CURVES, HARD_CURVES, difficulty))
    for corner, size in zip(plan.corners, sizes, strict=True):
        corner.size = 1 + int(size)
    before = [plan.corners[-1], *plan.corners[:-1]]
    for edge, begin, end in zip(plan.edges, before, plan.corners, strict=True):
        reserve = RUN_UP + 2 if edge is plan.edges[0] else 0
        while begin.size + end.size - 1 + reserve > edge.length:
            wider = begin if begin.size > end.size else end
            wider.size -= 1
    for edge, begin, end in zip(plan.edges, before, plan.corners, strict=True):
        edge.entry = begin.size
        edge.free = edge.length - begin.size - end.size + 1


def _cut(plan: Plan, length: float) -> None:
    """Make a sprint of a lap: it finishes on the edge where the wanted length is reached."""
    wanted = length / CELL
    pieces = [edge.free + corner.cells for edge, corner in zip(plan.edges, plan.corners, strict=True)]
    lengths = np.cumsum(pieces)[:-1]
    rooms = np.array([edge.length - RUN_OUT - 2 for edge in plan.edges[1:]])
    off = np.abs(wanted - lengths - rooms / 2)
    last = 1 + int(np.argmin(np.where(rooms > 1, off, np.inf)))
    plan.end, curve = plan.edges[last], plan.corners[last - 1]
    plan.edges, plan.corners = plan.edges[:last], plan.corners[:last]
    # The curve before may be too wide for the finish.
    narrower = min(curve.size, plan.end.length - RUN_OUT - 3)
    plan.edges[-1].free += curve.size - narrower
    curve.size = plan.end.entry = narrower
    # Short of the next corner, behind which the first edge may begin.
    plan.end.free = plan.end.length - narrower - 1
    plan.finish = int(np.clip(round(wanted - lengths[last - 1]), 1, plan.end.free - RUN_OUT - 1))


def _lean(chance: np.random.Generator, difficulty: float, plan: Plan) -> None:
    """Bank some of the wider curves; each takes a cell of the road before and behind it."""
    for corner, (before, behind) in zip(plan.corners[1:-1], pairwise(plan.edges[1:]), strict=True):
        if corner.size > 1 and before.free > 0 and behind.free > 0 and chance.random() < 0.35:
            corner.bank = int(chance.integers(5, round(13 + 14 * difficulty)))
            before.free -= 1
            behind.free -= 1
            behind.opening = ["bank flat"]


def _climb(chance: np.random.Generator, difficulty: float, plan: Plan) -> None:
    """In pairs of edges, and in pairs of curves, the first climbs what the second falls."""
    edges = [edge for edge in plan.edges[1:] if edge.free >= 4]
    for up, down in zip(edges[::2], edges[1::2], strict=False):
        if chance.random() < 0.2 + 0.4 * difficulty:
            run = int(chance.integers(min(up.free, down.free, 7) - 3))
            for edge, way in ((up, "up"), (down, "down")):
                edge.build(4 + run, f"slope {way}", *[f"straight {run}"] * (run > 0), "slope flat")
    curves = [corner for corner in plan.corners[:-1] if corner.size > 1 and not corner.bank]
    for rising, falling in zip(curves[::2], curves[1::2], strict=False):
        if chance.random() < 0.1 + 0.3 * difficulty:
            rising.climb, falling.climb = "rise 1", "fall 1"


def _thrill(chance: np.random.Generator, difficulty: float, plan: Plan) -> None:
    """Jumps over a cell without road, and loops, whose step aside a chicane takes back."""
    for edge in plan.edges[1:]:
        if edge.free >= STUNT_CELLS and chance.random() < difficulty - 0.2:
            edge.stunt = True
            run_up = ["booster", "straight 3"]
            if chance.integers(2):
                edge.build(STUNT_CELLS, *run_up, "jump 1", "straight 2")
            else:
                aside, back = ("left", "right") if chance.integers(2) else ("right", "left")
                edge.build(STUNT_CELLS, *run_up, f"loop {aside}", "straight 4", f"chicane {back} 3")


def _decorate(chance: np.random.Generator, difficulty: float, plan: Plan) -> None:
    """Chicanes there and back, and turbo pads."""
    for edge in plan.edges[1:]:
        cells = int(chance.integers(round(3 - difficulty), 5))
        if edge.free > 2 * cells and chance.random() < 0.15 + 0.55 * difficulty:
            out, back = ("left", "right") if chance.integers(2) else ("right", "left")
            between = int(chance.integers(1 + min(2, edge.free - 2 * cells)))
            edge.build(
                2 * cells + between,
                f"chicane {out} {cells}",
                *[f"straight {between}"] * (between > 0),
                f"chicane {back} {cells}",
            )
        if edge.free >= 3 and chance.random() < 0.25:
            edge.build(1, "booster")


def _road(chance: np.random.Generator, difficulty: float, plan: Plan) -> Iterator[str]:
    """The blocks, from the start on."""
    first = plan.edges[0]
    # A lap may end with some cells of its first edge.
    tail = 0 if plan.end else int(chance.integers(first.free - RUN_UP))
    yield _place(plan, tail)
    yield "start"
    yield f"straight {first.free - tail - 1}"
    holds = {"surface": SURFACES[0], "border": BORDERS[0]}
    since = first.free
    for corner, edge in zip(plan.corners, plan.edges[1:], strict=False):
        yield from corner.lines()
        yield from edge.opening
        yield from _gripping(holds) if edge.stunt else _changes(chance, difficulty, holds)
        since += edge.length
        if edge.free and since > CHECKPOINT_CELLS:
            edge.build(1, "checkpoint")
            since = 0
        yield from _straight(chance, edge)
    yield from plan.corners[-1].lines()
    if plan.end:
        yield f"straight {plan.finish}"
        yield "finish"
        yield f"straight {RUN_OUT}"
    elif tail:
        yield f"straight {tail}"


def _straight(chance: np.random.Generator, edge: Edge) -> Iterator[str]:
    """An edge's features in any order, with its free cells between them."""
    gaps = len(edge.features) + 1
    runs = chance.multinomial(edge.free, np.full(gaps, 1 / gaps))
    order = [edge.features[k] for k in chance.permutation(len(edge.features))]
    for cells, feature in zip(runs, [*order, []], strict=True):
        if cells:
            yield f"straight {cells}"
        yield from feature


def _place(plan: Plan, ahead: int) -> str:
    """The cell of the start: some cells behind the curve that leads to the first edge."""
    edge = plan.edges[0]
    edges = [*plan.edges, *([plan.end] if plan.end else [])]
    x, z = (
        edge.begin[axis] + edge.heading[axis] * (edge.entry + ahead)
        - min(other.begin[axis] for other in edges) + ORIGIN
        for axis in (0, 1)
    )  # fmt: skip
    return f"place  {x} {START_STOREY} {z} {COMPASS[edge.heading]}\n"


def _changes(chance: np.random.Generator, difficulty: float, holds: dict[str, str]) -> Iterator[str]:
    """What the road is made of, and what stands beside it, from here on."""
    for word, kinds, shares in (
        ("surface", SURFACES, _mixed(EASY_SURFACES, HARD_SURFACES, difficulty)),
        ("border", BORDERS, _mixed(EASY_BORDERS, HARD_BORDERS, difficulty)),
    ):
        kind = kinds[int(chance.choice(len(kinds), p=shares))]
        if kind != holds[word] and chance.random() < 0.5:
            holds[word] = kind
            yield f"{word} {kind}"


def _gripping(holds: dict[str, str]) -> Iterator[str]:
    """Asphalt between walls, from here on."""
    for word, kind in (("surface", SURFACES[0]), ("border", BORDERS[0])):
        if holds[word] != kind:
            holds[word] = kind
            yield f"{word} {kind}"
