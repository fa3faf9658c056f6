import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.environment.tracks import blocks, library
from trackmania_rl.environment.tracks.track import Border, Surface
from trackmania_rl.protocol.errors import InputError
from tracks.test_ribbon import check_frames


def read(*lines: str):
    return blocks.read("\n".join(lines), id="t", source="t.track")


def test_the_example_of_the_module_is_a_track():
    example = blocks.__doc__.split("\n\n")
    text = "\n\n".join(part for part in example if part.startswith("    "))
    track = blocks.read(text, id="example")
    assert track.name == "Two Turns"
    assert not track.closed
    assert track.position[0] == pytest.approx([656, 10, 640])
    # two quarter turns to the right: from +z by -x to -z; up 8 + 16 + 8 m
    assert track.position[-1][1] - track.position[0][1] == pytest.approx(32.0, abs=1e-3)


def test_square_of_four_turns_closes_into_one_lap():
    side = ("straight 3", "right 2")
    track = read("start", "straight 2", "right 2", *side, *side, *side)
    assert track.closed
    assert track.length == pytest.approx(track.centreline_length)
    assert track.start == pytest.approx(16.0)
    check_frames(track)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["start", "lft 2", "finish"], "line 2: found «lft», expected one of name, author, place, start"),
        (["start", "left"], "line 2: found «end of line», expected its size, a whole number from 1 to 4"),
        (["start", "left 5"], "line 2: found «5», expected its size"),
        (["start", "left 2 sideways 1"], "line 2: found «sideways», expected one of rise, fall"),
        (["start", "left 1 rise 2"], "found «2», expected its storeys of 8 m, a whole number from 1 to 1"),
        (["start", "straight 1e3"], "line 2: found «1e3»"),
        (["start", "straight 2 3"], "found «3», expected nothing more after «2»"),
        (["straight 2"], "line 1: found «straight», expected «start» as the first block"),
        (["start", "start"], "only one «start» in a track"),
        (["start", "slope up", "left 2"], "expected «slope flat» before it"),
        (["start", "slope up", "slope down"], "expected «slope flat» before another slope"),
        (["start", "slope flat"], "a change: the road is level already"),
        (["start", "bank left"], "expected its angle in degrees, a whole number from 1 to 45"),
        (["start", "surface lava"], "one of asphalt, dirt, grass, ice, plastic"),
        (["place 1 2 3 up"], "one of north, east, south, west"),
        (["# nothing"], "no blocks found"),
    ],
)  # fmt: skip
def test_errors_name_line_word_and_expectation(lines, message):
    with pytest.raises(InputError, match=r"^t\.track") as error:
        read(*lines)
    assert message in str(error.value)


def test_a_circuit_that_does_not_close_names_the_gap():
    with pytest.raises(InputError) as error:
        read("start", "straight 2", "right 2", "straight 1", "right 2", "straight 3", "right 2", "straight 2")
    assert "does not close" in str(error.value)
    assert "a turn of 90 degrees to the right" in str(error.value)
    with pytest.raises(InputError, match=r"lacks 32\.0 m ahead"):
        read("start", "right 1", "straight", "right 1", "straight 2", "right 1", "straight", "right 1")
    with pytest.raises(InputError, match=r"16\.0 m down"):
        read("start", "left 3 rise 1", "left 3", "straight", "left 3 rise 1", "left 3")


def test_road_that_runs_into_itself_is_refused_but_a_bridge_is_not():
    loop = ["straight 3", "left 2", "left 2", "left 2", "straight 5", "finish"]
    with pytest.raises(InputError, match="runs into itself"):
        read("start", *loop)
    assert (
        read("start", "straight 3", "left 2 rise 1", "left 2", "left 2", "straight 5", "finish").length > 300
    )


def test_endless_roads_are_refused():
    with pytest.raises(InputError, match="line 33: found «3201 cells», expected a road of at most 50000 m"):
        read("start", *["straight 100"] * 100_000)
    with pytest.raises(InputError, match="longer than 50000 m"):
        read("start", *["left 4", "right 4"] * 200, "finish")


def test_banks_lean_into_the_turn_they_are_named_after():
    for side, sign in (("left", -1), ("right", 1)):
        track = read("start", f"bank {side} 20", f"{side} 3", "bank flat", "finish")
        check_frames(track)
        leaning = track.left[:, 1]
        assert (sign * leaning).max() == pytest.approx(np.sin(np.radians(20)), abs=1e-4)
        assert (sign * leaning).min() == pytest.approx(0.0, abs=1e-6)


words = st.sampled_from(
    (
        *blocks.BLOCKS,
        *blocks.HEADERS,
        "up",
        "down",
        "flat",
        "rise",
        "fall",
        "ice",
        "1",
        "3",
        "20",
        "-1",
        "é",
        "#",
    )
)
lines = st.one_of(
    st.sampled_from(
        ["straight 2", "left 2", "right 3", "right 1", "slope up", "slope down", "slope flat", "bank left 20",
         "bank flat", "chicane right 3", "left 3 rise 2", "jump 2", "loop left", "checkpoint", "booster",
         "surface dirt"]
    ),
    st.lists(words, min_size=1, max_size=4).map(" ".join),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, max_size=9), st.booleans())
def test_any_text_is_a_sound_track_or_refused_in_a_sentence(text, sprint):
    try:
        track = read("start", *text, *(["finish"] if sprint else []))
    except InputError as error:
        assert str(error).startswith("t.track")
    else:
        check_frames(track, bend=0.15, loops=True)


def test_surface_border_and_factor_hold_for_what_follows():
    track = read(
        "start", "surface ice", "border grass", "straight 2", "surface asphalt", "border open", "finish"
    )
    assert list(np.unique(track.surface)) == [Surface.ASPHALT, Surface.ICE]
    at = {arc: int(np.argmin(np.abs(track.arc - arc))) for arc in (16, 64, 112)}
    assert [track.border_left[at[arc]] for arc in at] == [Border.WALL, Border.GRASS, Border.OPEN]
    assert [track.surface[at[arc]] for arc in at] == [Surface.ASPHALT, Surface.ICE, Surface.ASPHALT]


def test_a_jump_is_a_gap_between_two_ramps():
    track = read("start", "surface dirt", "jump 2", "finish")
    gap = track.surface == Surface.NONE
    assert np.diff(gap.astype(int)).tolist().count(1) == 1
    assert np.ptp(track.arc[gap]) == pytest.approx(2 * 32 * 1.01, abs=2.0)
    assert (track.border_left[gap] == Border.OPEN).all()
    assert set(track.surface[~gap]) == {Surface.ASPHALT, Surface.DIRT}
    heights = track.position[:, 1] - track.position[0, 1]
    assert heights[gap][0] == pytest.approx(8.0, abs=0.3)
    assert heights.max() == pytest.approx(12.0, abs=0.01)
    assert heights[-1] == pytest.approx(0.0, abs=1e-3)
    check_frames(track)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_loop_ends_beside_its_beginning(side):
    track = read("start", f"loop {side}", "straight 2", "finish")
    check_frames(track, loops=True)
    assert np.ptp(track.position[:, 1]) == pytest.approx(2 * blocks.LOOP_RADIUS, abs=0.01)
    assert track.up[:, 1].min() == pytest.approx(-1.0, abs=1e-3)
    assert track.position[-1, 0] - track.position[0, 0] == pytest.approx(32.0 if side == "left" else -32.0)
    assert track.position[-1, 2] - track.position[0, 2] == pytest.approx(4 * 32.0)
    for block in ("loop left", "jump 1"):
        with pytest.raises(InputError, match="«bank flat» before it"):
            read("start", "bank left 10", block)


def test_bundled_tracks_are_sound():
    tracks = [library.load(id) for id in library.bundled_ids()]
    assert len(tracks) >= 6
    assert sum(track.closed for track in tracks) >= 2
    assert len({track.hash for track in tracks}) == len(tracks)
    for track in tracks:
        check_frames(track, loops=track.id == "stunts")
        assert blocks.collision(track) is None
        assert track.name != track.id
        assert 0 < track.start < track.finish
        assert all(track.start < arc < track.finish for arc in track.checkpoints)
        if track.closed:
            assert track.length == pytest.approx(track.centreline_length)
        else:
            assert track.finish < track.centreline_length
    lap = library.load("mountain-lap")
    assert np.ptp(lap.position[:, 1]) > 20
    assert np.abs(lap.left[:, 1]).max() > 0.2
