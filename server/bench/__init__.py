"""Measure the broker from outside, over its real interfaces, on loopback."""
