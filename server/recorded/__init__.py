"""Recordings at rest: sealed files, their keys, and the WAV that they are read as."""
