"""A driver of one's own in a running race: 30 lines that steer where the LIDAR sees farthest.

Try:
    trackmania-rl environment --track oval &
    python examples/own_driver.py --seconds 60
"""

import argparse
import time

import numpy as np

from trackmania_rl.protocol.driving import DriveClient
from trackmania_rl.protocol.messages import AgentAdd

ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 19)  # of the beams, from right to left
TOP_SPEED = 30.0  # m/s


def decide(speed, distances):
    """Gas, brake and steering for what the car senses."""
    weights = np.asarray(distances) ** 2
    towards = float(weights @ ANGLES / weights.sum())  # + is left
    return np.array([1.0 if speed < TOP_SPEED else -1.0, -1.0, -2.0 * towards], np.float32).clip(-1.0, 1.0)


def drive(url, seconds):
    """Drive for so long; returns how far along the track the car came, 0 to 1."""
    driver = DriveClient(url, AgentAdd(agent_id="farthest", name="Farthest beam", policy="own_driver.py"))
    farthest, end = 0.0, time.monotonic() + seconds
    for answer in driver.answers(timeout=10.0):
        sensed = answer.observation
        driver.act(decide(sensed.speed, sensed.lidar))
        farthest = max(farthest, answer.info.track_completion)
        if time.monotonic() > end:
            break
    driver.close()
    print(f"drove {farthest:.0%} of the track")
    return farthest


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--seconds", type=float, default=60.0)
    drive(**vars(parser.parse_args()))
