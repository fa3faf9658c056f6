"""The environment service: a simulator of TrackMania 2020 road physics, its races and their recordings."""
