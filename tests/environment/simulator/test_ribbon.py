"""The track as the kernels read it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, esses, straight

from trackmania_rl.environment.simulator.ribbon import THINNING_SPAN, THINNING_TOLERANCE, Node, pack
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.track import Booster, Track

FRAMES = {
    "position": slice(Node.PX, Node.PZ + 1),
    "tangent": slice(Node.TX, Node.TZ + 1),
    "left": slice(Node.LX, Node.LZ + 1),
    "up": slice(Node.UX, Node.UZ + 1),
}


@pytest.mark.parametrize("name", ["esses", "stunts"])
def test_straight_lines_replace_most_nodes_and_miss_none(name: str) -> None:
    """Each node left out lies on the line between its neighbours, to within the tolerance."""
    track = esses() if name == "esses" else library.load(name)
    ribbon = pack(track)
    arc = ribbon.nodes[:, Node.ARC].astype(np.float64)
    assert ribbon.segments < 0.5 * len(track.position)
    assert np.diff(arc).max() <= max(THINNING_SPAN, np.diff(track.arc).max())
    assert ribbon.nodes[:-1, Node.LENGTH] == pytest.approx(np.diff(arc))
    for frame, columns in FRAMES.items():
        lines = [np.interp(track.arc, arc, column) for column in ribbon.nodes[:, columns].T]
        assert np.abs(np.stack(lines, axis=1) - getattr(track, frame)).max() < THINNING_TOLERANCE + 1e-3


def test_a_booster_lies_on_every_segment_that_it_touches_and_on_no_other() -> None:
    nodes = pack(straight(384.0, boosters=(Booster(100.0, 110.5, 4.0),))).nodes
    begin, end = nodes[:-1, Node.ARC], nodes[1:, Node.ARC]
    boosted = nodes[:-1, Node.BOOST_FACTOR] > 0
    assert np.array_equal(boosted, (begin < 110.5) & (end > 100.0))
    assert np.unique(nodes[:-1][boosted, Node.BOOST_BEGIN :][:, :3], axis=0).tolist() == [[100.0, 110.5, 4.0]]


@pytest.mark.parametrize("track", [circle(25.0, half_width=8.0), esses(40.0, 45.0, 400.0, half_width=6.0)])
def test_a_car_remembers_the_segment_between_whose_portals_it_is(track: Track) -> None:
    """However it got there; a portal lies across the road at a node, normal to its tangent."""
    cars = 64
    simulator = Simulator(track, cars)
    random = np.random.default_rng(0)
    simulator.spawn(arc=np.linspace(20.0, 0.8 * track.centreline_length, cars), speed=20.0)
    for _ in range(40):
        simulator.step(random.uniform([0, -3, -1], [1, 0.5, 1], (cars, 3)))
        state, nodes = simulator.fields(), simulator.ribbon.nodes
        position, segment = state[: Field.Z + 1].T, state[Field.SEGMENT].astype(int)
        for node, side in ((segment, 1.0), (segment + 1, -1.0)):
            beyond = position - nodes[node, FRAMES["position"]]
            assert (side * (beyond * nodes[node, FRAMES["tangent"]]).sum(axis=1) >= -1e-3).all()
