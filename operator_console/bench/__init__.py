"""Measure the console from outside: the real program in a real terminal, against a made-up broker on loopback."""
