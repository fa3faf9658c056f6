"""TrackMania RL: a simulator, a learner and a viewer for cars that learn to race."""

__version__ = "0.1.0"
