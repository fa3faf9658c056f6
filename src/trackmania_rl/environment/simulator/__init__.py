"""Batched physics of TrackMania 2020's Stadium car on a ribbon of road, as NVIDIA Warp kernels."""

import contextlib
import os

import warp as wp

wp.config.log_level = wp.LOG_ERROR  # no banner: standard output belongs to the commands

# Warp's library tells each machine without a GPU that it has none, past the level above.
with contextlib.suppress(OSError), contextlib.ExitStack() as _stack:  # OSError: there is no stderr
    _stack.callback(os.close, _stderr := os.dup(2))
    _stack.callback(os.dup2, _stderr, 2)
    _stack.callback(os.close, _nowhere := os.open(os.devnull, os.O_WRONLY))
    os.dup2(_nowhere, 2)
    wp.init()  # type: ignore[no-untyped-call]
