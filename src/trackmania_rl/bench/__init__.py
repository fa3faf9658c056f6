"""Benchmarks: every claim of speed, as a ratio against a named peer measured in the same run."""
