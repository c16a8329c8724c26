"""Hold what the desk shows as frozen values, changed by pure functions only; no screen, no network, no clock."""
