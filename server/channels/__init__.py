"""Speak with the platforms on which customers write: one file a platform, each behind `broker.ports.channels`."""
