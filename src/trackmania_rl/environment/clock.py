"""How time goes, in races and in batches of worlds (docs/conventions.md: tick, step)."""

TICK = 0.01
"""Length of a tick of physics [s]."""
TICKS_PER_STEP = 5
"""Ticks in a step of control: 20 Hz, as TMRL."""
STEP = TICKS_PER_STEP * TICK
"""Length of a step [s]."""
CONTROL_HZ = 20.0
"""Steps per second."""
FRAME_HZ = 60.0
"""Pose frames for viewers per second."""
