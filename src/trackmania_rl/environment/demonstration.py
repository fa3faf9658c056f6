"""A recorded drive of the game as experience: what an agent would have observed, done and been rewarded for.

The simulator does not drive: the car is put into each recorded pose and only its senses run. Position,
attitude, velocity, steering and pedals are the recording's; the rates are differences of attitudes; gear,
contact and slide are recorded or follow from the speed as for a ghost. Nothing tells the compression of the
suspension, the pause of a shift and what is left of a turbo: they are zero. Impacts are not rewarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.registration import LAYOUTS
from trackmania_rl.environment.replay.drive import Drive, read_drive
from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.simulator.environment import TrackVectorEnv, load_track
from trackmania_rl.environment.simulator.simulator import PHYSICS_VERSION, Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, CENTRE_HEIGHT
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.dataset import DatasetWriter, Episode
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS, STATE_GROUNDED, STATE_SLIDING

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

CENTRE = np.array([0.0, CENTRE_HEIGHT, CENTRE_FORWARD])
"""From the car's origin to its centre of mass [m], body."""
AXES = np.eye(3)
"""Left, up and forward, body."""
CAR = np.zeros(1, np.intp)
"""The only car."""


def write(
    drives: Iterable[Path], out: Path, *, env: str, track: str | Path | Track, lidar: str = "metric"
) -> Iterator[Episode]:
    """Write recorded drives as a dataset, one episode a drive; gives each when it is written.

    Args:
        drives: Tables (.csv) or ghosts of the game, driven on the track.
        out: The dataset's folder, which must not exist.
        env: Environment that the agent learns, such as "TrackMania/Horizon-v0".
        track: Where they were driven.
        lidar: "metric" or "screen", as the environment's option.

    Raises:
        InputError: A drive is damaged or of another track, or the environment observes pictures.
    """
    layout = LAYOUTS.get(env)
    if layout is None or layout == "camera":
        known = ", ".join(id for id, name in LAYOUTS.items() if name != "camera")
        raise InputError(f"env {env!r} has no demonstrations, expected one of {known}", field="env")
    loaded = load_track(track)
    kind: Any = lidar
    world = TrackVectorEnv(track=loaded, observation=layout, lidar=kind, threads=1)
    about = {
        "env": env,
        "env_options": {"lidar": lidar},
        "track": loaded.id,
        "track_hash": loaded.hash,
        "physics": PHYSICS_VERSION,
    }
    observation, action = world.single_observation_space, world.single_action_space
    assert isinstance(observation, Box) and isinstance(action, Box)
    with DatasetWriter(out, observation, action, about) as writer:
        for path in drives:
            episode = demonstrate(read_drive(path, loaded), world)
            writer.add(episode)
            yield episode


def demonstrate(drive: Drive, world: TrackVectorEnv) -> Episode:
    """A drive as an episode, from its first sample to the finish or, cut, to its last.

    An action is felt from one step after its observation on (`delay`), and a recorded sample shows what was
    held for most of the step before it (docs/physics.md, Inputs): the action of sample k is shown at k + 2.

    Args:
        drive: On the world's track, 20 samples a second.
        world: One car with a delay of one step; it is left where the drive ends.
    """
    columns = dict(zip(POSE_FIELDS, drive.samples.T.astype(np.float64), strict=True))
    finished = drive.finish_time is not None
    last = len(drive.time) - 1
    if drive.finish_time is not None:
        last = min(int(np.searchsorted(drive.time, drive.finish_time)), last)
    if last < 1:
        raise InputError(f"{drive.name} has {last + 1} samples, expected a drive of some seconds")
    states = _states(columns, world.simulator)
    controls = np.stack([columns[name] for name in ("gas", "brake", "steer")], axis=1).astype(np.float32)
    actions = controls[np.minimum(np.arange(last) + 2, len(controls) - 1)]
    world.simulator.restore(states[:, :1], CAR)
    observations = [world.observer.restart(CAR)[0]]
    for sample in range(1, last + 1):
        world.simulator.restore(states[:, sample : sample + 1], CAR)
        observations.append(world.observer.observe(actions[sample - 1 : sample])[0])
    furthest = np.maximum.accumulate(columns["progress"][: last + 1])
    ends = np.zeros(last, bool)
    ends[-1] = finished
    nothing = np.zeros(last, np.float32)
    rewards = world.reward(np.diff(furthest).astype(np.float32), ends, nothing, nothing.astype(bool))
    return Episode(
        observations=np.stack(observations),
        actions=actions,
        rewards=rewards,
        terminated=finished,
        cut="" if finished else "end",
    )


def _states(columns: dict[str, Doubles], simulator: Simulator) -> Floats:
    """The simulator's state at each sample, (FIELDS, n)."""
    attitude = np.stack([columns[name] for name in ("qx", "qy", "qz", "qw")])
    position = np.stack([columns[name] for name in "xyz"])
    velocity = np.stack([columns[name] for name in ("vx", "vy", "vz")])
    spin = _spin(attitude)
    centre = position + rotate(attitude, CENTRE)
    lever = np.cross(spin.T, CENTRE).T
    velocity = velocity + sum(rotate(attitude, axis) * part for axis, part in zip(AXES, lever, strict=True))
    flags = columns["state"].astype(np.int64)
    states = _on_road(columns["progress"], centre, simulator)
    states[Field.X : Field.Z + 1] = centre
    states[Field.QX : Field.QW + 1] = attitude
    states[Field.VX : Field.VZ + 1] = velocity
    states[Field.WX : Field.WZ + 1] = spin
    states[Field.STEER] = states[Field.WHEEL] = columns["steer"]
    states[Field.GAS], states[Field.BRAKE] = columns["gas"], columns["brake"]
    states[Field.GEAR] = columns["gear"]
    states[Field.SLIDING] = (flags & STATE_SLIDING) > 0
    states[Field.CONTACTS] = 4.0 * ((flags & STATE_GROUNDED) > 0)
    return states


def _on_road(progress: Doubles, centre: Doubles, simulator: Simulator) -> Floats:
    """States of a resting car in the middle of the road; lateral and height are those of `centre`."""
    states = []
    for k, distance in enumerate(progress):
        simulator.spawn(CAR, arc=simulator.track.start + distance)
        state = simulator.full_state()
        apart = centre[:, k] - state[Field.X : Field.Z + 1, 0]
        left, up, _ = (rotate(state[Field.QX : Field.QW + 1], axis)[:, 0] for axis in AXES)
        state[Field.LATERAL] = apart @ left
        state[Field.HEIGHT] = CENTRE_HEIGHT + apart @ up
        states.append(state[:, 0])
    return np.stack(states, axis=1)


def _spin(attitude: Doubles) -> Doubles:
    """Angular velocity [rad/s], body, (3, n): twice the vector part of conj(q_k) q_(k+1) over a step."""
    axis, w = attitude[:3], attitude[3]
    before, after = axis[:, :-1], axis[:, 1:]
    turn = w[:-1] * after - w[1:] * before - np.cross(before, after, axis=0)
    spin = 2.0 * CONTROL_HZ * turn * np.sign(np.sum(attitude[:, 1:] * attitude[:, :-1], axis=0))
    return np.concatenate([spin, spin[:, -1:]], axis=1)
