"""The game's road blocks by name: what is known of each fits together."""

import math
from itertools import pairwise

import numpy as np
import pytest

from trackmania_rl.environment.tracks import chain, shapes
from trackmania_rl.environment.tracks.blocks import CELL, STOREY
from trackmania_rl.environment.tracks.map import Block, Map
from trackmania_rl.environment.tracks.ribbon import placements
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from tracks.test_ribbon import check_frames


def built(*blocks: tuple[str, int, tuple[int, int, int]]) -> tuple[Track, int, int]:
    map_ = Map("Test", "", None, tuple(Block(f"RoadTech{name}", turn, cell) for name, turn, cell in blocks))
    return chain.build(map_, "test", "test")


@pytest.mark.parametrize("family", shapes.FAMILIES)
def test_every_name_of_every_family_is_a_road_from_edge_to_edge_of_its_box(family):
    assert len(shapes.SHAPES) > 100
    for name in shapes.SHAPES:
        ways, surface = shapes.shape(family + name)
        assert surface == shapes.FAMILIES[family]
        for way in ways:
            end = placements(way.pieces, way.entry)[-1]
            width, depth = (CELL * cells for cells in way.cells)
            for place in (way.entry, end):
                on_edge = min(abs(place.x), abs(place.x - width), abs(place.z), abs(place.z - depth))
                assert on_edge < 1e-6, name
                assert (place.y / STOREY * 2) % 1 == pytest.approx(0.0, abs=1e-9), name
                assert math.remainder(place.heading, math.pi / 2) == pytest.approx(0.0, abs=1e-9), name
            for here, there in pairwise(way.pieces):
                assert here.gradients[1] == pytest.approx(there.gradients[0]), name
                assert here.banks[1] == pytest.approx(there.banks[0]), name


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_tilted_road_goes_over_to_its_other_side(turn):
    """All blocks turned at once about the middle of the grid."""

    def turned(x: int, z: int, depth: int = 1) -> tuple[int, int]:
        width = 1
        x, z = x - 20, z - 20
        for _ in range(turn):
            x, z, width, depth = -z - depth, x, depth, width
        return x + 20, z + 20

    def block(name: str, y: int, z: int, depth: int = 1) -> tuple[str, int, tuple[int, int, int]]:
        x, z = turned(12, z, depth)
        return name, turn, (x, y, z)

    track, blocks, chained = built(
        block("Start", 9, 10),
        block("TiltTransition2UpLeft", 9, 11, 2),
        block("TiltStraight", 9, 13),
        block("SpecialTurboTiltLeft", 9, 14),
        block("TiltSwitchRight", 9, 15),
        block("CheckpointTiltRight", 9, 16),
        block("TiltTransition1DownRight", 9, 17),
        block("Finish", 10, 18),
    )
    assert blocks == chained == 8
    check_frames(track)
    heights = track.position[:, 1] - track.position[0, 1]
    assert heights[-1] == pytest.approx(STOREY, abs=1e-3)
    assert (len(track.checkpoints), len(track.boosters)) == (1, 1)
    lean = np.degrees(np.arcsin(track.left[:, 1].astype(float)))
    assert np.abs(lean).max() == pytest.approx(math.degrees(shapes.TILT), abs=0.01)
    assert lean.min() == pytest.approx(-lean.max(), abs=0.01)


def test_a_crest_and_a_dip_join_slopes():
    track, blocks, chained = built(
        ("Start", 0, (10, 9, 10)),
        ("SlopeStart2x1", 0, (10, 9, 11)),
        ("SlopeUTopX2", 0, (10, 10, 13)),
        ("SlopeStraight", 2, (10, 9, 15)),
        ("SlopeUBottom", 0, (10, 9, 16)),
        ("ChicaneX2SlopeLeft", 0, (10, 9, 17)),
        ("SlopeEnd2x1", 0, (11, 11, 19)),
        ("Finish", 0, (11, 12, 21)),
    )
    assert blocks == chained == 8
    check_frames(track)
    assert track.position[-1, 1] - track.position[0, 1] == pytest.approx(3 * STOREY, abs=1e-3)


def test_tilted_curves_keep_their_tilt():
    track, blocks, chained = built(
        ("Start", 0, (10, 9, 10)),
        ("TiltTransition1UpLeft", 0, (10, 9, 11)),
        ("TiltCurve2", 2, (10, 9, 12)),
        ("TiltStraight", 1, (12, 9, 13)),
        ("TiltTransition1UpRight", 1, (13, 9, 13)),
        ("Finish", 3, (14, 9, 13)),
    )
    assert blocks == chained == 6
    check_frames(track)
    assert np.abs(track.left[:, 1]).max() == pytest.approx(math.sin(shapes.TILT), abs=1e-3)


def test_an_unknown_block_is_named_with_its_place():
    with pytest.raises(InputError, match=r"RoadTechDiagLeft \(10, 9, 11\) stands, which is not known"):
        built(("Start", 0, (10, 9, 10)), ("DiagLeft", 0, (10, 9, 11)), ("Finish", 0, (10, 9, 13)))
