"""Reach the sound card through whichever library this machine has, or files when it has none."""
