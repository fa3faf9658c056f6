"""How many workers a training asks for: more while its learner starves, fewer while it is sated."""

from __future__ import annotations

import math

from ray.autoscaler.sdk import request_resources

PERIOD = 10.0
"""Time over which the learner's waiting is looked at [s] (guess)."""
STARVING = 0.3
"""Share of the time that a learner may wait before it asks for more workers (guess)."""
SATED = 0.05
"""Share of the time below which it gives one back (guess)."""
GROWTH = 2.0
"""Most that the number of workers grows by at once: what the first ones bring is to be seen before."""


def wanted(workers: int, waiting: float, least: int, most: int) -> int:
    """Workers that suit a learner.

    While it waits, it is busy for 1 - waiting of the time with what so many workers drive, so that it could
    take workers / (1 - waiting). While it does not, nothing says how many are too many: one is given back
    at a time.

    Args:
        workers: That it has.
        waiting: Share of the time that it waited for them.
        least: Fewest that it may have, and `most` the most.
    """
    if waiting > STARVING:
        enough = workers / (1.0 - waiting) if waiting < 1.0 else math.inf
        workers = math.ceil(min(enough, GROWTH * workers))
    elif waiting < SATED:
        workers -= 1
    return min(max(workers, least), most)


def request(processors: int) -> None:
    """Ask Ray's autoscaler for room for so many workers and learners, and no more; no harm without one."""
    request_resources(bundles=[{"CPU": 1}] * processors)
