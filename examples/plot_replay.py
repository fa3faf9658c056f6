"""A recorded race as arrays: the speed of each car along the track, drawn.

Try:
    trackmania-rl race --track esses --driver pursuit --record race.mcap
    python examples/plot_replay.py race.mcap speeds.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from trackmania_rl.environment.replay.reading import read
from trackmania_rl.protocol.poses import POSE_FIELDS

VX, PROGRESS = POSE_FIELDS.index("vx"), POSE_FIELDS.index("progress")


def plot(recording, picture):
    """Draw the speeds of a recording; returns the greatest speed of each car [m/s]."""
    race, fastest = read(recording), {}
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for car in race.about.cars:
        poses = race.poses[car.agent_id]  # (n, fields), 20 a second
        speed = np.linalg.norm(poses[:, VX : VX + 3], axis=1)
        axes.plot(poses[:, PROGRESS], 3.6 * speed, color=car.colour, label=car.name)
        fastest[car.agent_id] = float(speed.max())
    axes.set(xlabel="along the track [m]", ylabel="speed [km/h]", title=race.about.track_name)
    axes.legend()
    figure.savefig(picture, dpi=110)
    return fastest


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording", type=Path)
    parser.add_argument("picture", type=Path)
    plot(**vars(parser.parse_args()))
