"""Settings of all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# A shell lets its background jobs ignore Ctrl-C, and children inherit that: services here are stopped by it.
signal.signal(signal.SIGINT, signal.default_int_handler)
