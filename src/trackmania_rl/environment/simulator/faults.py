"""What is kept of a car whose state is no longer a number, so that somebody can find out why."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.volume import faults_folder

Floats = NDArray[np.float32]

FILES_MAX = 20
"""Files kept: the first ones tell as much as the next ones."""

logger = logging.getLogger(__name__)


def keep(state: Floats, action: Floats, track: Track) -> None:
    """Write broken cars to data/faults/, unless enough are there.

    Args:
        state: Their state after the step that broke them, (FIELDS, cars).
        action: What they drove in it, (cars, 3).
        track: Where.
    """
    folder = faults_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        count = len(list(folder.glob("*.npz")))
        if count < FILES_MAX:
            path = folder / f"{track.id}-{count + 1}.npz"
            np.savez(path, state=state, action=action, track=track.id, track_hash=track.hash)
            logger.warning("%d cars on %s were reset: see %s", len(action), track.id, path)
    except OSError as error:
        logger.warning("%d cars on %s were reset; not kept: %s", len(action), track.id, error)
