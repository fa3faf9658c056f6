"""`python -m trackmania_rl.model` compiles the learner's update: then the first training starts fast."""

import time

import torch

from trackmania_rl.model.sac.sac import Batch, Sac

OBSERVATIONS, ACTIONS = 83, 3
"""Of TrackMania/Horizon-v0 and TrackMania/Lidar-v0."""

torch.set_num_threads(1)  # as learners do: the number is part of what is compiled
began = time.monotonic()
sac = Sac(OBSERVATIONS, ACTIONS)
rows = sac.config.batch
observation, reward = torch.zeros(rows, OBSERVATIONS), torch.zeros(rows)
sac.update(Batch(observation, torch.zeros(rows, ACTIONS), reward, observation, reward))
print(f"update of {rows} transitions: ready after {time.monotonic() - began:.1f} s")
