"""Golden drives: whoever changes what the same inputs drive must raise PHYSICS_VERSION.

`python -m tests.environment.simulator.test_golden` writes the golden drives anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.environment.simulator.simulator import PHYSICS_VERSION, Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks import library

GOLDEN = Path(__file__).with_name("golden.json")
TRACKS = ("sprint", "esses", "oval", "rally", "hill-climb", "bridge-lap", "mountain-lap")
CARS = 8
STEPS = 60
"""Of 50 ms; longer drives would tell rounding apart rather than physics."""
TOLERANCE = 0.02
"""Between processors [m, m/s]: one that contracts multiplications and additions stays within it."""


def drives(track: str) -> tuple[np.ndarray, set[str]]:
    """Where seeded inputs take the cars, (CARS, 6), and what happened on the way."""
    simulator = Simulator(library.load(track), CARS)
    random = np.random.default_rng(5)
    simulator.spawn(
        arc=simulator.track.start + np.linspace(20.0, 0.8 * simulator.track.length, CARS),
        lateral=random.uniform(-6.0, 6.0, CARS),
        speed=np.linspace(0.0, 100.0, CARS),
    )
    state = simulator.full_state()
    state[Field.Y, ::4] += 6.0
    simulator.restore(state)
    simulator.condition([1], grip=0.7, wind=(10.0, -5.0))
    happened = set()
    for step in range(STEPS):
        if step % 8 == 0:
            action = random.uniform([-0.3, -1.5, -1.0], [1.0, 0.5, 1.0], (CARS, 3))
        simulator.step(action)
        state = simulator.fields()
        happened |= {
            name
            for name, seen in {
                "wall": state[Field.WALL_IMPACT] > 1.0,
                "slide": state[Field.SLIDING] > 0,
                "air": state[Field.CONTACTS] == 0,
                "brake": state[Field.BRAKE] > 0,
            }.items()
            if seen.any()
        }
    return state[[Field.X, Field.Y, Field.Z, Field.VX, Field.VY, Field.VZ]].T.copy(), happened


@pytest.mark.parametrize("track", TRACKS)
def test_the_same_inputs_drive_as_this_physics_version_did(track: str) -> None:
    golden = json.loads(GOLDEN.read_text())
    now, _ = drives(track)
    cure = "python -m tests.environment.simulator.test_golden"
    assert golden["physics"] == PHYSICS_VERSION, f"a new PHYSICS_VERSION: write its golden drives with {cure}"
    then = np.array(golden["drives"][track])
    assert np.abs(now - then).max() < TOLERANCE, (
        f"the same inputs drive differently on {track}: raise PHYSICS_VERSION, then write its golden drives "
        f"with {cure}"
    )


def test_the_golden_drives_know_walls_slides_flights_and_brakes() -> None:
    assert set().union(*(drives(track)[1] for track in TRACKS)) == {"wall", "slide", "air", "brake"}


if __name__ == "__main__":
    driven = {track: drives(track)[0].astype(float).round(4).tolist() for track in TRACKS}
    GOLDEN.write_text(json.dumps({"physics": PHYSICS_VERSION, "drives": driven}) + "\n")
