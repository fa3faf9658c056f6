"""The model service: SAC agents, their learners, evaluation, checkpoints and metrics."""
