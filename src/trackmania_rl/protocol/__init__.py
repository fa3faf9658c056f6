"""What the services say to each other: messages, binary frames and clients. Imports nothing else of ours."""

PROTOCOL_VERSION = 1
"""Raised when a message changes in a way that an older peer cannot read."""
