import numpy as np
import pytest

from trackmania_rl.environment.tracks import chain
from trackmania_rl.environment.tracks.map import Block, read_map
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from tracks.samples import SHORT, map_bytes, shared
from tracks.test_ribbon import check_frames

LENGTHS = {
    "tmrl-test": (37, 2218.5),
    "tmrl-train": (60, 3045.6),
    "redq_mlp_lidar_train": (12, 571.3),
    "tmrl-test-new": (32, 2028.9),
    "redq_mlp_lidar_test": (23, 1197.4),
    "tmrl-straight": (12, 384.0),
}
"""Blocks and length of the centre-line [m] of TMRL's maps, found independently of this program."""


def build(name: str) -> tuple[Track, int, int]:
    path = shared(f"maps/{name}.Map.Gbx")
    return chain.build(read_map(path.read_bytes(), path.name), name, path.name)


@pytest.mark.parametrize("name", LENGTHS)
def test_real_maps_chain_from_start_to_finish(name):
    track, blocks, chained = build(name)
    count, length = LENGTHS[name]
    assert (blocks, chained) == (count, count)
    assert track.centreline_length == pytest.approx(length, abs=0.25)
    assert track.start == pytest.approx(16.0)
    assert track.centreline_length - track.finish == pytest.approx(32.0, abs=0.01)
    check_frames(track)


def test_tmrl_straight_is_336_metres_of_race():
    track, _, _ = build("tmrl-straight")
    assert (track.start, track.finish, track.length) == pytest.approx((16.0, 352.0, 336.0))


def offsets(track: Track, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of points to the left of and above the road's middle [m]."""
    nodes = track.position.astype(np.float64)
    # The squared distance less the part that is the same for all nodes.
    nearest = ((nodes**2).sum(axis=1) - 2 * points @ nodes.T).argmin(axis=1)
    away = points - track.position[nearest]
    return (away * track.left[nearest]).sum(axis=1), (away * track.up[nearest]).sum(axis=1)


def drive(name: str, columns: tuple[int, int, int]) -> np.ndarray:
    return np.genfromtxt(shared(f"drives/{name}.csv"), delimiter=",", skip_header=1, usecols=columns)


def test_recorded_drives_lie_on_the_road():
    track, _, _ = build("tmrl-train")
    author = drive("tmrl-train_author_01", (1, 2, 3))
    assert author[0] == pytest.approx(track.position[16], abs=0.05)
    lateral, height = offsets(track, author)
    assert np.abs(lateral).max() < 11.9
    assert np.abs(height).max() < 0.1
    lateral, _ = offsets(track, drive("tmrl-train_reward_line", (0, 1, 2)))
    assert np.abs(lateral).max() < 4.0
    assert np.abs(lateral).mean() == pytest.approx(0.85, abs=0.05)


def test_a_drive_of_another_map_does_not_lie_on_the_road():
    track, _, _ = build("tmrl-test")
    lateral, _ = offsets(track, drive("tmrl-train_author_01", (1, 2, 3)))
    assert np.abs(lateral).max() > 30


def written(*blocks: tuple[str, int, tuple[int, int, int]]) -> tuple[Track, int, int]:
    return chain.build(read_map(map_bytes(blocks), "w.Map.Gbx"), "w", "w.Map.Gbx")


def test_marks_and_scenery():
    track, blocks, chained = written(*SHORT)
    assert (blocks, chained) == (5, 5)
    assert track.length == pytest.approx(112.0)
    assert track.checkpoints == (pytest.approx(80.0),)
    assert [pad.factor for pad in track.boosters] == [5.0]
    assert track.author_time == 12.345
    assert track.position[0] == pytest.approx([10 * 32 + 16, 10, 10 * 32])


@pytest.mark.parametrize("turns", range(4))
def test_slopes_and_curves_continue_in_every_direction(turns):
    """Up, along and level again, driven in all four directions, and back down."""
    forward = [
        ("RoadTechStart", 0, (5, 9, 5)),
        ("RoadTechSlopeStart2x1", 0, (5, 9, 6)),
        ("RoadTechSpecialTurboSlopeUp", 0, (5, 10, 8)),
        ("RoadTechSlopeEnd2x1", 0, (5, 11, 9)),
        ("RoadTechSlopeBase2x1", 2, (5, 11, 11)),
        ("RoadTechFinish", 0, (5, 11, 13)),
    ]
    sizes = {"RoadTechSlopeStart2x1": 2, "RoadTechSlopeEnd2x1": 2, "RoadTechSlopeBase2x1": 2}

    def turned(name, direction, cell):
        x, y, z = cell
        length = sizes.get(name, 1)
        for _ in range(turns):  # about the corner of a square of 40 cells
            x, z = 40 - z - (length if (direction % 2 == 0) else 1), x
            direction += 1
        return name, direction % 4, (x, y, z)

    track, blocks, chained = written(*(turned(*block) for block in forward))
    assert (blocks, chained) == (6, 6)
    check_frames(track)
    heights = track.position[:, 1] - 10
    assert heights.max() == pytest.approx(24, abs=1e-3)
    assert heights[-1] == pytest.approx(16, abs=1e-3)


def test_chicanes_shift_by_a_cell():
    track, _, chained = written(
        ("RoadTechStart", 0, (5, 9, 5)),
        ("RoadTechChicaneX3Left", 0, (5, 9, 6)),
        ("RoadTechFinish", 0, (6, 9, 9)),
    )
    assert chained == 3
    check_frames(track)


def test_multilap_block_makes_a_circuit():
    track, _, chained = written(
        ("RoadTechMultilap", 0, (5, 9, 5)),
        ("RoadTechCurve1", 1, (5, 9, 6)),
        ("RoadTechCurve1", 2, (4, 9, 6)),
        ("RoadTechStraight", 0, (4, 9, 5)),
        ("RoadTechCurve1", 3, (4, 9, 4)),
        ("RoadTechCurve1", 0, (5, 9, 4)),
    )
    assert chained == 6
    assert track.closed
    assert track.length == pytest.approx(track.centreline_length)
    check_frames(track)


def test_a_gap_names_the_block_and_the_place():
    with pytest.raises(InputError) as error:
        written(*(block for block in SHORT if block[0] != "RoadTechSpecialTurbo"))
    assert "3 of 4 blocks chained, gap at block RoadTechCheckpoint (10, 9, 12)" in str(error.value)
    assert "(336, 10, 416) m" in str(error.value)


def test_an_unknown_block_is_named():
    replaced = [("RoadTechTiltLeft" if "Turbo" in name else name, *rest) for name, *rest in SHORT]
    with pytest.raises(InputError, match=r"where RoadTechTiltLeft \(10, 9, 13\) stands, which is not known"):
        written(*replaced)


def test_a_map_without_start_is_refused():
    with pytest.raises(
        InputError, match="0 of 4 blocks chained, no start among them; expected RoadTechStart"
    ):
        written(*SHORT[1:])
    with pytest.raises(
        InputError, match=r"0 of 5 blocks chained, gap at block PlatformTechStart \(1, 9, 1\)"
    ):
        written(("PlatformTechStart", 0, (1, 9, 1)), *SHORT[1:])


def test_removing_any_block_of_a_real_map_leaves_a_gap():
    path = shared("maps/tmrl-test.Map.Gbx")
    blocks = read_map(path.read_bytes(), path.name).blocks
    for k in range(1, len(blocks)):
        with pytest.raises(InputError, match="of 36 blocks chained, gap at block"):
            chain.link([*blocks[:k], *blocks[k + 1 :]], path.name)


def test_free_blocks_are_not_chained():
    block = Block("RoadTechStraight", 0, (1, 9, 1), free=True)
    assert list(chain.passages(block)) == []
