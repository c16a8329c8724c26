"""Carry a handoff from request to close: the one road for change, and what follows from each change."""
