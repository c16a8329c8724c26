"""Live audio: the worker process that bridges legs, and the broker's hand on it."""
