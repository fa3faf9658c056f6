"""An environment of one's own: a drone that learns to hover at a flag (docs/environments.md)."""

import gymnasium
import numpy as np


class Hover(gymnasium.Env):
    """Thrust up or down against gravity; the reward is the nearer to the flag the higher."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}
    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (3,), np.float32)  # height, speed, flag
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps, self.height, self.speed = 0, 0.0, 0.0
        self.flag = self.np_random.uniform(-1, 1)
        return self._seen(), {}

    def step(self, action):
        self.steps += 1
        self.speed += 0.05 * (4.0 * float(action[0]) - 1.0)
        self.height = float(np.clip(self.height + 0.05 * self.speed, -3, 3))
        lost = abs(self.height) == 3
        reward = -10.0 if lost else 1.0 - abs(self.height - self.flag)
        return self._seen(), reward, lost, self.steps == 100, {}

    def _seen(self):
        return np.clip([self.height, self.speed, self.flag], -10, 10).astype(np.float32)

    def render(self):
        picture = np.full((240, 240, 3), 24, np.uint8)
        picture[int(120 - 36 * self.flag), :] = (46, 230, 166)
        row = int(120 - 36 * self.height)
        picture[max(row - 6, 0) : row + 6, 105:135] = (255, 90, 54)
        return picture
