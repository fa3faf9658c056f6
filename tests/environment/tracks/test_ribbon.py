import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.environment.tracks import blocks
from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role, after, lay
from trackmania_rl.environment.tracks.track import NODE_SPACING, Track

ORIGIN = Placement(100.0, 10.0, -50.0, 0.3)


def road(*pieces: Piece, begin: Placement = ORIGIN) -> Track:
    start, finish = Piece(length=32.0, role=Role.START), Piece(length=32.0, role=Role.FINISH)
    return lay([start, *pieces, finish], begin, id="t", name="T", closed=False)


def check_frames(track: Track, bend: float = 0.1, loops: bool = False) -> None:
    """What the simulator and the viewer take for granted of any track.

    Neighbouring frames differ by less than `bend` [rad]: no kink. Only loops turn the road over.
    """
    tangent, left, up = (np.asarray(v, np.float64) for v in (track.tangent, track.left, track.up))
    for vector in (tangent, left, up):
        assert np.abs(np.linalg.norm(vector, axis=1) - 1).max() < 1e-5
    assert np.abs(np.cross(up, tangent) - left).max() < 1e-5
    assert loops or up[:, 1].min() > 0.2
    steps = np.diff(track.position.astype(np.float64), axis=0)
    if track.closed:
        steps = np.append(steps, track.position[:1].astype(np.float64) - track.position[-1:], axis=0)
    spacing = np.linalg.norm(steps, axis=1)
    assert spacing.min() > 0.5
    assert spacing.max() <= NODE_SPACING
    # The chord between neighbours points along both of their tangents: no jump either.
    ahead = np.append(tangent[1:], tangent[:1], axis=0)[: len(steps)]
    chord = steps / spacing[:, None]
    assert np.einsum("ij,ij->i", chord, tangent[: len(steps)]).min() > math.cos(bend)
    assert np.einsum("ij,ij->i", chord, ahead).min() > math.cos(bend)
    sideways = np.append(left[1:], left[:1], axis=0)[: len(steps)]
    assert np.einsum("ij,ij->i", sideways, left[: len(steps)]).min() > math.cos(bend)


straight = st.builds(Piece, length=st.floats(16, 96))
turn = st.builds(
    blocks.curve, st.integers(1, 4), st.sampled_from((-1, 1)), st.sampled_from((0.0, 8.0, -8.0))
).filter(lambda piece: abs(piece.rise) / piece.length < 0.2)
slope = st.sampled_from((blocks.SLOPE, -blocks.SLOPE)).map(
    lambda g: (blocks.bend(0, g), Piece(length=32.0, rise=32 * g, gradients=(g, g)), blocks.bend(g, 0))
)
bank = st.floats(-0.6, 0.6).map(
    lambda b: (
        Piece(length=32.0, banks=(0, b)),
        Piece(length=64.0, banks=(b, b)),
        Piece(length=32.0, banks=(b, 0)),
    )
)
bend = st.builds(blocks.chicane, st.integers(2, 5), st.sampled_from((-1, 1)))
stretch = st.one_of(straight.map(lambda p: (p,)), turn.map(lambda p: (p,)), slope, bank, bend)


@settings(max_examples=60, deadline=None)
@given(st.lists(stretch, min_size=1, max_size=6), st.floats(-7, 7))
def test_any_chain_of_pieces_is_smooth_and_orthonormal(stretches, heading):
    pieces = [piece for part in stretches for piece in part]
    track = road(*pieces, begin=Placement(700.0, 10.0, 700.0, heading))
    check_frames(track)
    plan = sum(piece.length for piece in pieces) + 64
    climbs = sum(abs(piece.rise) for piece in pieces)
    assert plan - 0.1 <= track.centreline_length <= plan + climbs + 0.01


def test_straight_road_has_its_length_start_and_finish():
    track = road(Piece(length=320.0), begin=Placement(0, 10, 0, 0))
    assert track.centreline_length == pytest.approx(384.0, abs=1e-3)
    assert (track.start, track.finish) == (pytest.approx(16.0), pytest.approx(352.0))
    assert track.position[-1] == pytest.approx([0, 10, 384.0])
    assert track.tangent[0] == pytest.approx([0, 0, 1])
    assert track.left[0] == pytest.approx([1, 0, 0])


@pytest.mark.parametrize(("side", "end"), [(1, (48.0, 48.0 + 64.0)), (-1, (-48.0, 48.0 + 64.0))])
def test_a_turn_to_the_left_goes_to_plus_x(side, end):
    start = Placement(0.0, 0.0, 64.0, 0.0)
    there = after(start, blocks.curve(2, side))
    assert (there.x, there.z) == pytest.approx(end)
    assert there.heading == pytest.approx(side * math.pi / 2)


def test_arc_of_a_circle_lies_on_the_circle():
    track = road(blocks.curve(4, 1), begin=Placement(0, 0, 0, 0))
    inside = track.position[(track.arc > 33) & (track.arc < 32 + 175)]
    radius = np.hypot(inside[:, 0] - 112, inside[:, 2] - 32)
    assert np.abs(radius - 112).max() < 1e-3


def test_slope_is_the_parabola_of_the_game():
    """+8 m over two cells, then +8 m a cell."""
    g = blocks.SLOPE
    along = Piece(length=32.0, rise=8.0, gradients=(g, g))
    track = road(blocks.bend(0, g), along, blocks.bend(g, 0), begin=Placement(0, 0, 0, 0))
    plan = track.position[:, 2].astype(np.float64) - 32
    height = track.position[:, 1]
    on = (plan > 0) & (plan < 64)
    assert height[on] == pytest.approx(8 * (plan[on] / 64) ** 2, abs=1e-4)
    on = (plan > 64) & (plan < 96)
    assert height[on] == pytest.approx(8 + (plan[on] - 64) / 4, abs=1e-4)


def test_pieces_that_would_meet_with_a_kink_are_refused():
    for kink in (Piece(length=32.0, rise=8.0, gradients=(0.25, 0.25)), Piece(length=32.0, banks=(0.0, 0.1))):
        with pytest.raises(ValueError, match="ends with gradient and banking"):
            road(kink)


def test_banking_raises_the_left_edge_and_keeps_the_middle():
    track = road(*bank_pieces(0.4), begin=Placement(0, 5, 0, 0))
    middle = int(np.argmin(np.abs(track.arc - 96)))
    assert track.position[:, 1] == pytest.approx(5.0)
    assert track.left[middle][1] == pytest.approx(math.sin(0.4), abs=1e-5)


def bank_pieces(angle):
    return (
        Piece(length=32.0, banks=(0, angle)),
        Piece(length=64.0, banks=(angle, angle)),
        Piece(length=32.0, banks=(angle, 0)),
    )


def test_marks_stand_where_their_pieces_lie():
    track = road(
        Piece(length=32.0, role=Role.CHECKPOINT),
        blocks.curve(1, 1),
        Piece(length=32.0, role=Role.BOOSTER, factor=7.0),
    )
    assert track.checkpoints == (pytest.approx(48.0),)
    assert track.boosters[0].begin == pytest.approx(64 + 8 * math.pi + 8, abs=0.02)
    assert track.boosters[0].end - track.boosters[0].begin == pytest.approx(16.0, abs=0.01)
    assert track.boosters[0].factor == 7.0
