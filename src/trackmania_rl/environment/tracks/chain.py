"""From the blocks of a map to a road: each block's end is the next one's beginning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trackmania_rl.environment.tracks.blocks import CELL, STOREY, cell_centre
from trackmania_rl.environment.tracks.map import Block, Map
from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role, lay, placements
from trackmania_rl.environment.tracks.shapes import Shape, Shapes, shape
from trackmania_rl.environment.tracks.track import Surface, Track
from trackmania_rl.protocol.errors import InputError

QUARTER = math.pi / 2


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


def known(block: Block) -> tuple[Shapes, Surface] | None:
    """The roads that a block may hold and its surface, or None for one that is not known or off the grid."""
    return None if block.free else shape(block.name)


def is_road(block: Block) -> bool:
    """Whether a block carries a road, known or not; scenery and pillars do not."""
    return "Road" in block.name or block.name.startswith("Platform")


def passages(block: Block) -> Iterator[Passage]:
    """All ways through a block, in the world's frame; none through one that is not known."""
    found = known(block)
    if found is None:
        return
    shapes, surface = found
    for local in shapes:
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


Joint = tuple[int, int, int, int, int, int]


def _joint(place: Placement, gradient: float, bank: float) -> Joint:
    """Place, direction, gradient and banking as whole numbers: equal where two blocks join smoothly."""
    return (
        round(place.x),
        round(place.y),
        round(place.z),
        round(place.heading / QUARTER) % 4,
        round(gradient * 100),
        round(bank * 100),
    )


def _entry(passage: Passage) -> Joint:
    """The joint at which a passage begins."""
    return _joint(passage.begin, passage.pieces[0].gradients[0], passage.pieces[0].banks[0])


def _exit(passage: Passage) -> Joint:
    """The joint at which a passage ends."""
    return _joint(passage.end, passage.pieces[-1].gradients[1], passage.pieces[-1].banks[1])


INSTEAD = (
    "Nothing was imported; a recorded drive of it can give the road: «track import» the drive (.csv, "
    ".Replay.Gbx or .Ghost.Gbx), or the map with --drive if it holds its author's"
)
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
            entries.setdefault(_entry(passage), []).append(passage)
    starts = [block for block in roads if _role(block) is Role.START]
    if not starts:
        raise InputError(_no_start(source, roads))
    # The game drives a start block in its own direction: the first passage, not its reverse.
    chain = [next(passages(starts[0]))]
    used = {id(starts[0])}
    while _role(chain[-1].block) is not Role.FINISH:
        joint = _exit(chain[-1])
        follow = [passage for passage in entries.get(joint, []) if id(passage.block) not in used]
        if not follow:
            if joint == _entry(chain[0]) and len(chain) > 1:
                return Chain(tuple(chain), closed=True)
            raise InputError(_gap(source, roads, chain))
        # Of several ways through the next block the one that leads on.
        chain.append(min(follow, key=lambda passage: _exit(passage) not in entries))
        used.add(id(chain[-1].block))
    return Chain(tuple(chain), closed=False)


def _role(block: Block) -> Role:
    """What a block is for."""
    found = known(block)
    return found[0][0].pieces[0].role if found else Role.ROAD


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
    unknown = [block for block in roads if known(block) is None]
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
