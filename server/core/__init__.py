"""Decide, and nothing else: no I/O, no clock, no random, no log."""
