"""Replays: recording, reading and verifying races."""
