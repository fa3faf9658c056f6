"""From the blocks of a map to a road: each block's end is the next one's beginning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trackmania_rl.environment.tracks.blocks import CELL, SLOPE, STOREY, bend, cell_centre, chicane, curve
from trackmania_rl.environment.tracks.map import Block, Map
from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role, lay, placements
from trackmania_rl.environment.tracks.track import Surface, Track
from trackmania_rl.protocol.errors import InputError

QUARTER = math.pi / 2

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
    """A shift by one cell to the left (1) or right (-1)."""
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


@dataclass(frozen=True)
class Passage:
    """One way through a block.

    Attributes:
        block: The block.
        begin: Where it is entered.
        end: Where it is left.
        pieces: The road between.
    """

    block: Block
    begin: Placement
    end: Placement
    pieces: tuple[Piece, ...]


def shape(block: Block) -> tuple[Shape, Surface] | None:
    """The road in a block and its surface, or None for a block that is not known."""
    for family, surface in FAMILIES.items():
        if block.name.startswith(family):
            known = SHAPES.get(block.name.removeprefix(family))
            return None if known is None or block.free else (known, surface)
    return None


def is_road(block: Block) -> bool:
    """Whether a block carries a road, known or not; scenery and pillars do not."""
    return "Road" in block.name or block.name.startswith("Platform")


def passages(block: Block) -> Iterator[Passage]:
    """All ways through a block, in the world's frame; none through one that is not known."""
    known = shape(block)
    if known is None:
        return
    local, surface = known
    pieces = tuple(replace(piece, surface=surface) for piece in local.pieces)
    begin = _world(local, block)
    end = placements(pieces, begin)[-1]
    yield Passage(block, begin, end, pieces)
    yield Passage(block, _about_face(end), _about_face(begin), tuple(map(_reversed, reversed(pieces))))


def _world(local: Shape, block: Block) -> Placement:
    """Where the road of a block begins."""
    x, z = local.entry.x, local.entry.z
    width, depth = (CELL * cells for cells in local.cells)
    for _ in range(block.direction):
        x, z, width, depth = depth - z, x, depth, width
    cx, cy, cz = cell_centre(*block.cell)
    heading = local.entry.heading - QUARTER * block.direction
    return Placement(cx - CELL / 2 + x, cy + local.entry.y, cz - CELL / 2 + z, heading)


def _about_face(placement: Placement) -> Placement:
    """The same place, looking back."""
    return replace(placement, heading=placement.heading + math.pi)


def _reversed(piece: Piece) -> Piece:
    """A piece driven the other way."""
    return replace(
        piece,
        turn=-piece.turn,
        rise=-piece.rise,
        gradients=(-piece.gradients[1], -piece.gradients[0]),
        banks=(-piece.banks[1], -piece.banks[0]),
    )


Joint = tuple[int, int, int, int, int]


def _joint(place: Placement, gradient: float) -> Joint:
    """Place, driving direction and gradient as whole numbers: equal where two blocks join smoothly."""
    return (
        round(place.x),
        round(place.y),
        round(place.z),
        round(place.heading / QUARTER) % 4,
        round(gradient * 100),
    )


INSTEAD = "Nothing was imported; a recorded drive (.csv) of the map can give the road instead"
"""What an error about a map that cannot be chained ends with."""


@dataclass(frozen=True)
class Chain:
    """The road found in a map.

    Attributes:
        passages: Blocks in driving order.
        closed: Whether it is a lap that ends where it begins.
    """

    passages: tuple[Passage, ...]
    closed: bool


def link(blocks: Sequence[Block], source: str) -> Chain:
    """Follow the road from the start block to the finish block.

    Args:
        blocks: The map's blocks.
        source: Name of the map, for errors.

    Raises:
        InputError: «n of m blocks chained, gap at block X (x, y, z)»: the road has no start, or ends
            before the finish.
    """
    roads = [block for block in blocks if is_road(block)]
    entries: dict[Joint, list[Passage]] = {}
    for block in roads:
        for passage in passages(block):
            entries.setdefault(_joint(passage.begin, passage.pieces[0].gradients[0]), []).append(passage)
    starts = [block for block in roads if _role(block) is Role.START]
    if not starts:
        raise InputError(_no_start(source, roads))
    # The game drives a start block in its own direction: the first passage, not its reverse.
    chain = [next(passages(starts[0]))]
    used = {id(starts[0])}
    while _role(chain[-1].block) is not Role.FINISH:
        joint = _joint(chain[-1].end, chain[-1].pieces[-1].gradients[1])
        follow = [passage for passage in entries.get(joint, []) if id(passage.block) not in used]
        if not follow:
            if joint == _joint(chain[0].begin, 0.0) and len(chain) > 1:
                return Chain(tuple(chain), closed=True)
            raise InputError(_gap(source, roads, chain))
        chain.append(follow[0])
        used.add(id(follow[0].block))
    return Chain(tuple(chain), closed=False)


def _role(block: Block) -> Role:
    """What a block is for."""
    known = shape(block)
    return known[0].pieces[0].role if known else Role.ROAD


def _stands(block: Block, x: float, y: float, z: float) -> bool:
    """Whether a block's corner cell is at a place, or a storey or two above or below."""
    cx, cy, cz = cell_centre(*block.cell)
    return not block.free and max(abs(cx - x), abs(cz - z)) < 1.0 and abs(cy - y) <= 2 * STOREY


def _no_start(source: str, roads: Sequence[Block]) -> str:
    """What to tell about a map without a start that is known."""
    gates = [block for block in roads if block.name.endswith(("Start", "Multilap"))]
    gap = f"gap at block {gates[0]}, which is not known" if gates else "no start among them"
    return (
        f"{source}: 0 of {len(roads)} blocks chained, {gap}; expected RoadTechStart or RoadTechMultilap "
        f"on the grid. {INSTEAD}"
    )


def _gap(source: str, roads: Sequence[Block], chain: Sequence[Passage]) -> str:
    """What to tell about a road that ends before the finish."""
    end = chain[-1].end
    middle = (end.x + CELL / 2 * math.sin(end.heading), end.z + CELL / 2 * math.cos(end.heading))
    unknown = [block for block in roads if shape(block) is None]
    near = [block for block in unknown if _stands(block, middle[0], end.y, middle[1])]
    text = (
        f"{source}: {len(chain)} of {len(roads)} blocks chained, gap at block {chain[-1].block}: "
        f"no known block goes on at ({end.x:.0f}, {end.y:.0f}, {end.z:.0f}) m"
    )
    if near:
        text += f", where {near[0]} stands, which is not known"
    elif unknown:
        names = sorted({block.name for block in unknown})
        text += f"; not known in this map: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
    return f"{text}. {INSTEAD}"


def build(source_map: Map, id: str, source: str) -> tuple[Track, int, int]:
    """The track of a map, how many of its blocks carry road, and how many of them it uses.

    Args:
        source_map: The map.
        id: Id of the track.
        source: Name of the file, for errors.

    Raises:
        InputError: The map cannot be chained from start to finish.
    """
    chain = link(source_map.blocks, source)
    track = lay(
        [piece for passage in chain.passages for piece in passage.pieces],
        chain.passages[0].begin,
        id=id,
        name=source_map.name or id,
        closed=chain.closed,
        author=source_map.author,
        author_time=source_map.author_time,
    )
    return track, sum(is_road(block) for block in source_map.blocks), len(chain.passages)
