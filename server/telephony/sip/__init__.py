"""Calls over SIP: an engine in a process of its own, and the broker's hand on it."""
