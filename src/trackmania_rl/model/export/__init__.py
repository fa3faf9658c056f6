"""Policies and experience for other programs."""
