"""Batched physics of TrackMania 2020's Stadium car on a ribbon of road, as NVIDIA Warp kernels."""

import warp as wp

wp.config.log_level = wp.LOG_ERROR  # no banner: standard output belongs to the commands
