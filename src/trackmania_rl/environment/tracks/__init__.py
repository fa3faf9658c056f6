"""Tracks: the ribbon, our block language, importers and the bundled tracks."""
