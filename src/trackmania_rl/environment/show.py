"""An environment that is not ours, hosted: worlds for learners, pictures for viewers, episodes on disk."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from gymnasium.vector import SyncVectorEnv, VectorEnv, VectorWrapper
from numpy.typing import NDArray
from PIL import Image

from trackmania_rl.environment.outbox import Outbox
from trackmania_rl.environment.replay.hosted import EpisodeRecording
from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.environments import fewest_worlds, make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import Kind, pack_header

PICTURE_SECONDS = 0.05
"""Least time from one picture to the next: 20 a second, as our cars are steered [s]."""
FIGURES_SECONDS = 0.25
"""Least time from one message with figures to the next [s]."""
QUALITY = 85
"""Quality of the JPEG pictures, 1 to 95 (guess)."""

Worlds = VectorEnv[Any, Any, Any]


class Show:
    """What the service hosts in place of races, and who watches it.

    Viewers see the first world of whichever batch was opened last.

    Args:
        env: The environment's name, as `make_vector_env` takes it.
        options: Its keyword arguments.
        folder: Where episodes are recorded; None: nowhere.

    Attributes:
        viewers: Who watches.
    """

    def __init__(self, env: str, options: dict[str, Any] | None = None, folder: Path | None = None) -> None:
        self.env = env
        self.options = options or {}
        self.folder = folder
        self.viewers: set[Outbox] = set()
        self._stage: Shown | None = None
        self._told_at = self._seen_at = 0.0
        self._waiting: list[str | bytes] = []  # appended to in one thread, taken whole in another

    def fewest(self) -> Worlds:
        """The smallest batch of worlds that there is.

        Raises:
            InputError: There is no such environment, or it does not take its options.
        """
        return make_vector_env(self.env, fewest_worlds(self.env, **self.options), **self.options)

    def worlds(self, worlds: int) -> Shown:
        """A batch of worlds whose first one is shown.

        Raises:
            InputError: There is no such environment, or it does not take its options.
        """
        try:
            envs = make_vector_env(self.env, worlds, render_mode="rgb_array", **self.options)
        except InputError:  # it may be one that takes no render_mode
            envs = make_vector_env(self.env, worlds, **self.options)
        self._stage = Shown(envs, self)
        return self._stage

    def description(self) -> messages.ShowMessage:
        """What is hosted, and how it goes."""
        stage = self._stage
        return messages.ShowMessage(
            protocol=PROTOCOL_VERSION,
            env=self.env,
            worlds=0 if stage is None else stage.num_envs,
            episode=0 if stage is None else stage.episode,
            step=0 if stage is None else stage.steps,
            episode_return=0.0 if stage is None else round(stage.earned, 4),
            action=[] if stage is None else stage.action,
            trouble=None if stage is None else stage.trouble,
        )

    def saw(self, stage: Shown) -> None:
        """The first world of a batch was stepped; called in the thread that steps it."""
        if stage is not self._stage or not self.viewers:
            return
        now = time.monotonic()
        if now - self._seen_at >= PICTURE_SECONDS:
            self._seen_at = now
            if (picture := stage.picture()) is not None:
                self._waiting.append(picture)
        if now - self._told_at >= FIGURES_SECONDS:
            self._told_at = now
            self._tell()

    def present(self) -> None:
        """Send what was seen to the viewers; called in the event loop."""
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            for viewer in self.viewers:
                if isinstance(item, bytes):
                    viewer.frame(item)
                else:
                    viewer.text(item)

    def left(self, stage: Worlds) -> None:
        """A learner left its batch."""
        if stage is self._stage:
            self._stage = None
            self._tell()

    def _tell(self) -> None:
        self._waiting.append(msgspec.json.encode(self.description()).decode())


class Shown(VectorWrapper[Any, Any, Any, Any, Any]):
    """A batch of worlds whose first one is watched and recorded.

    Attributes:
        episode: Number of the first world's episode, from 1.
        steps: Steps in it.
        earned: Its return so far.
        action: What was done last.
        trouble: Why there are no pictures, or None.
    """

    def __init__(self, envs: Worlds, show: Show) -> None:
        super().__init__(envs)
        self.show = show
        self.recording = None if show.folder is None else EpisodeRecording(show.folder, show.env)
        self.episode = self.steps = 0
        self.earned = 0.0
        self.action: list[float] = []
        self.trouble: str | None = None

    def reset(self, **arguments: Any) -> tuple[Any, dict[str, Any]]:
        """New episodes in all worlds."""
        observations, info = self.env.reset(**arguments)
        self._begin(observations[0])
        return observations, info

    def step(self, actions: NDArray[Any]) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step all worlds, and look at the first."""
        result = observations, rewards, terminated, truncated, info = self.env.step(actions)
        over = bool(terminated[0] or truncated[0])
        self.steps += 1
        self.earned += float(rewards[0])
        self.action = np.asarray(actions[0], np.float64).ravel().round(4).tolist()
        if self.recording is not None:
            last = info["final_obs"][0] if over else observations[0]
            self.recording.step(actions[0], float(rewards[0]), bool(terminated[0]), bool(truncated[0]), last)
        self.show.saw(self)
        if over:
            self._begin(observations[0])
        return result

    def picture(self) -> bytes | None:
        """The first world as a picture frame; None with `trouble` if it cannot be drawn."""
        try:
            image = Image.fromarray(np.asarray(_drawn(self.env), np.uint8))
        except Exception as error:  # whatever a stranger's environment raises is told, and the show goes on
            self.trouble = f"{self.show.env} draws no pictures: {type(error).__name__}: {error}"
            return None
        self.trouble = None
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=QUALITY)
        return pack_header(Kind.PICTURE, image.height, image.width, self.steps) + jpeg.getvalue()

    def close(self, **arguments: Any) -> None:
        """Let go of the worlds, and finish the recording."""
        if self.recording is not None:
            self.recording.close()
        self.env.close(**arguments)

    def _begin(self, observation: Any) -> None:
        self.episode += 1
        self.steps, self.earned = 0, 0.0
        if self.recording is not None:
            self.recording.begin(observation)


def _drawn(envs: Any) -> Any:
    """The first world's picture, (height, width, 3)."""
    return envs.envs[0].render() if isinstance(envs, SyncVectorEnv) else envs.render()[0]
