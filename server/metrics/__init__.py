"""Show figures to Prometheus: what is counted while the broker works, and how things stand when it asks."""
